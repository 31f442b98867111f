#include "encode.h"
#include "encode_parts.h"

#define RECORD_TIME PEL_WIRE_FIXED64(1)
#define RECORD_SEVERITY_NUMBER PEL_WIRE_VARINT(2)
#define RECORD_SEVERITY_TEXT PEL_WIRE_LEN(3)
#define RECORD_BODY PEL_WIRE_LEN(5)
#define RECORD_ATTRIBUTES PEL_WIRE_LEN(6)
#define RECORD_TRACE_ID PEL_WIRE_LEN(9)
#define RECORD_SPAN_ID PEL_WIRE_LEN(10)
#define RECORD_OBSERVED_TIME PEL_WIRE_FIXED64(11)
#define RECORD_EVENT_NAME PEL_WIRE_LEN(12)

/* Of the HTTP semantic conventions for exceptions in logs. */
#define EXCEPTION_EVENT PEL_STR("http.server.request.exception")

/* SeverityNumber of OTLP. */
static const struct {
    uint8_t number;
    struct pel_str text;
} severities[] = {
    [PEL_LEVEL_DEBUG] = {5, PEL_STR("DEBUG")},
    [PEL_LEVEL_INFO] = {9, PEL_STR("INFO")},
    [PEL_LEVEL_WARNING] = {13, PEL_STR("WARN")},
    [PEL_LEVEL_ERROR] = {17, PEL_STR("ERROR")},
};

static void add_ids(struct pel_wire *w, const struct pel_logline_entry *e)
{
    static const uint8_t none[16];

    if (memcmp(e->trace_id, none, sizeof(none)) == 0)
        return;
    pel_wire_bytes(w, RECORD_TRACE_ID, e->trace_id, sizeof(e->trace_id));
    pel_wire_bytes(w, RECORD_SPAN_ID, e->span_id, sizeof(e->span_id));
}

static void add_body(struct pel_wire *w, struct pel_str message)
{
    char *begin = pel_wire_enter(w, RECORD_BODY);

    pel_wire_text(w, PEL_ANYVALUE_STR, message);
    pel_wire_leave(w, begin);
}

static void add_attributes(struct pel_wire *w, const struct pel_logline_entry *e)
{
    struct pel_str detail = pel_logline_string(e, PEL_LOGLINE_DETAIL);
    const char *code = pel_log_infos[e->entry].code, *begin = w->p;

    pel_keyvalue_str(w, RECORD_ATTRIBUTES, PEL_STR("pellucid.log.code"),
                     pel_str(code, strlen(code)));
    pel_keyvalue_packed(w, RECORD_ATTRIBUTES, begin, pel_logline_string(e, PEL_LOGLINE_ATTRIBUTES));
    if (detail.len)
        pel_keyvalue_str(w, RECORD_ATTRIBUTES, PEL_STR("exception.stacktrace"), detail);
}

struct pel_export_node *pel_encode_logline(const struct pel_logline_entry *e,
                                           uint64_t observed_wall_ns)
{
    enum pel_log_level level = pel_log_infos[e->entry].level;
    struct pel_wire w = pel_encode_room();
    const char *begin = w.p;

    pel_wire_fixed64(&w, RECORD_TIME, e->at_wall_ns);
    pel_wire_varint(&w, RECORD_SEVERITY_NUMBER, severities[level].number);
    pel_wire_text(&w, RECORD_SEVERITY_TEXT, severities[level].text);
    add_body(&w, pel_logline_string(e, PEL_LOGLINE_MESSAGE));
    add_attributes(&w, e);
    add_ids(&w, e);
    pel_wire_fixed64(&w, RECORD_OBSERVED_TIME, observed_wall_ns);
    if (e->entry == PEL_LOG_APP_RAISED || e->entry == PEL_LOG_APP_RAISED_LATE)
        pel_wire_text(&w, RECORD_EVENT_NAME, EXCEPTION_EVENT);
    return pel_encode_node(begin, w.p, e->instance_id, e->pid, level >= PEL_LEVEL_ERROR);
}
