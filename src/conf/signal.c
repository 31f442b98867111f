#include "pellucid/buf.h"
#include "pellucid/conf.h"

static const struct {
    const char *word, *path;
    size_t endpoint; /* offset of the directive of its own */
} signals[] = {
    [PEL_SIGNAL_TRACES] = {"traces", "/v1/traces", offsetof(struct pel_conf, otlp_traces_endpoint)},
    [PEL_SIGNAL_METRICS] = {"metrics", "/v1/metrics",
                            offsetof(struct pel_conf, otlp_metrics_endpoint)},
    [PEL_SIGNAL_LOGS] = {"logs", "/v1/logs", offsetof(struct pel_conf, otlp_logs_endpoint)},
};

static const char *own_endpoint(const struct pel_conf *conf, enum pel_signal signal)
{
    return *(char *const *)((const char *)conf + signals[signal].endpoint);
}

bool pel_conf_exports(const struct pel_conf *conf, enum pel_signal signal)
{
    if (!conf->otlp_endpoint[0] && !own_endpoint(conf, signal)[0])
        return false;
    return pel_strings_have(&conf->otlp_signals, signals[signal].word);
}

char *pel_conf_export_url(const struct pel_conf *conf, enum pel_signal signal)
{
    const char *own = own_endpoint(conf, signal);
    size_t len = strlen(conf->otlp_endpoint);
    struct pel_buf url;

    pel_buf_init(&url);
    if (own[0]) {
        pel_buf_addf(&url, "%s", own);
        return url.p;
    }
    while (len && conf->otlp_endpoint[len - 1] == '/')
        len--;
    pel_buf_addf(&url, "%.*s%s", (int)len, conf->otlp_endpoint, signals[signal].path);
    return url.p;
}
