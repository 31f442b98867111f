#include "pellucid/buf.h"
#include "pellucid/conf.h"

static const struct {
    /* Offsets of the directives of its own. */
    size_t endpoint, headers, timeout, compression, authorities, certificate, key;
    const char *word, *path;
} signals[] = {
#define SIGNAL(name)                                                                               \
    {                                                                                              \
        offsetof(struct pel_conf, otlp_##name##_endpoint),                                         \
            offsetof(struct pel_conf, otlp_##name##_headers),                                      \
            offsetof(struct pel_conf, otlp_##name##_timeout_ms),                                   \
            offsetof(struct pel_conf, otlp_##name##_compression),                                  \
            offsetof(struct pel_conf, otlp_##name##_certificate),                                  \
            offsetof(struct pel_conf, otlp_##name##_client_certificate),                           \
            offsetof(struct pel_conf, otlp_##name##_client_key), #name, "/v1/" #name               \
    }
    [PEL_SIGNAL_TRACES] = SIGNAL(traces),
    [PEL_SIGNAL_METRICS] = SIGNAL(metrics),
    [PEL_SIGNAL_LOGS] = SIGNAL(logs),
#undef SIGNAL
};

static const void *at(const struct pel_conf *conf, size_t offset)
{
    return (const char *)conf + offset;
}

static const char *text_at(const struct pel_conf *conf, size_t offset)
{
    return *(char *const *)at(conf, offset);
}

static const char *own_endpoint(const struct pel_conf *conf, enum pel_signal signal)
{
    return text_at(conf, signals[signal].endpoint);
}

/* What the signal has of its own, or what all have. */
static const char *own_or(const struct pel_conf *conf, size_t offset, const char *of_all)
{
    const char *own = text_at(conf, offset);

    return own[0] ? own : of_all;
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

struct pel_export_settings pel_conf_export_settings(const struct pel_conf *conf,
                                                    enum pel_signal signal)
{
    const struct pel_pairs *headers = at(conf, signals[signal].headers);
    int64_t timeout_ms = *(const int64_t *)at(conf, signals[signal].timeout);
    int compression = *(const int *)at(conf, signals[signal].compression);

    return (struct pel_export_settings){
        .headers = headers->n ? headers : &conf->otlp_headers,
        .timeout_ms = timeout_ms ? timeout_ms : conf->otlp_timeout_ms,
        .compresses = compression == PEL_OWN_COMPRESSION_DEFAULT
                          ? conf->otlp_compression == PEL_COMPRESSION_GZIP
                          : compression == PEL_OWN_COMPRESSION_GZIP,
        .authorities = own_or(conf, signals[signal].authorities, conf->otlp_certificate),
        .certificate = own_or(conf, signals[signal].certificate, conf->otlp_client_certificate),
        .key = own_or(conf, signals[signal].key, conf->otlp_client_key),
    };
}
