-- Sends WRK_BODY (if any) with POST; the last line of output is the result as JSON. With
-- WRK_PAUSE_MS each connection pauses before a request, for that long on average.
local body = os.getenv("WRK_BODY")
if body and #body > 0 then
    wrk.method = "POST"
    wrk.body = body
end

local pause_ms = tonumber(os.getenv("WRK_PAUSE_MS") or "0")
if pause_ms > 0 then
    function delay()
        return math.random(0, 2 * pause_ms)
    end
end

function done(summary, latency, requests)
    local e = summary.errors
    io.write(string.format(
        '{"requests": %d, "us": %d, "p50_us": %d, "p99_us": %d, "errors": %d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
