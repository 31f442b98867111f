-- Sends WRK_BODY (if any) with POST; the last line of output is the result as JSON.
local body = os.getenv("WRK_BODY")
if body and #body > 0 then
    wrk.method = "POST"
    wrk.body = body
end

function done(summary, latency, requests)
    local e = summary.errors
    io.write(string.format(
        '{"requests": %d, "us": %d, "p50_us": %d, "p99_us": %d, "errors": %d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
