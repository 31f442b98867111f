#include "attributes.h"
#include "encode.h"
#include "encode_parts.h"
#include "text.h"

/* Of the HTTP semantic conventions for exceptions in logs. */
#define EXCEPTION_EVENT "http.server.request.exception"

/* SeverityNumber of OTLP. */
static const struct {
    int32_t number;
    const char *text;
} severities[] = {
    [PEL_LEVEL_DEBUG] = {5, "DEBUG"},
    [PEL_LEVEL_INFO] = {9, "INFO"},
    [PEL_LEVEL_WARNING] = {13, "WARN"},
    [PEL_LEVEL_ERROR] = {17, "ERROR"},
};

static bool has_ids(const struct pel_logline_entry *e)
{
    static const uint8_t none[16];

    return memcmp(e->trace_id, none, sizeof(none)) != 0;
}

static void set_ids(Otlp__LogRecord *record, const struct pel_logline_entry *e)
{
    if (!has_ids(e))
        return;
    record->has_trace_id = record->has_span_id = true;
    record->trace_id = (ProtobufCBinaryData){sizeof(e->trace_id), (uint8_t *)e->trace_id};
    record->span_id = (ProtobufCBinaryData){sizeof(e->span_id), (uint8_t *)e->span_id};
}

static void set_severity(Otlp__LogRecord *record, enum pel_log_level level)
{
    record->has_severity_number = true;
    record->severity_number = severities[level].number;
    record->severity_text = (char *)severities[level].text; /* only read */
}

struct pel_export_node *pel_encode_logline(const struct pel_logline_entry *e,
                                           uint64_t observed_wall_ns, struct pel_arena *scratch)
{
    const struct pel_log_info *info = &pel_log_infos[e->entry];
    struct pel_str detail = pel_logline_string(e, PEL_LOGLINE_DETAIL);
    Otlp__LogRecord record = OTLP__LOG_RECORD__INIT;
    Otlp__AnyValue body = OTLP__ANY_VALUE__INIT;
    struct pel_export_node *node;
    struct pel_attributes as;

    pel_attributes_init(&as, scratch);
    pel_attributes_cstr(&as, "pellucid.log.code", info->code);
    pel_attributes_packed(&as, pel_logline_string(e, PEL_LOGLINE_ATTRIBUTES));
    if (detail.len)
        pel_attributes_str(&as, "exception.stacktrace", detail);
    body.value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
    body.string_value = pel_text_utf8(scratch, pel_logline_string(e, PEL_LOGLINE_MESSAGE));
    set_ids(&record, e);
    set_severity(&record, info->level);
    record.has_time_unix_nano = record.has_observed_time_unix_nano = true;
    record.time_unix_nano = e->at_wall_ns;
    record.observed_time_unix_nano = observed_wall_ns;
    record.body = &body;
    record.attributes = as.items;
    record.n_attributes = as.n;
    if (e->entry == PEL_LOG_APP_RAISED)
        record.event_name = (char *)EXCEPTION_EVENT; /* only read */
    node = pel_export_node_new(otlp__log_record__get_packed_size(&record), e->instance_id, e->pid,
                               info->level >= PEL_LEVEL_ERROR);
    otlp__log_record__pack(&record, (uint8_t *)node->bytes);
    return node;
}
