#include "http/date.h"
#include "http/field.h"
#include "http/syntax.h"
#include "pellucid/conf.h"
#include "pellucid/put.h"

/* Room for the status line without its reason, and for every line of the server's own but Server:
 * Date, Content-Length or Transfer-Encoding, Connection, the empty line. */
#define OWN_ROOM 192

#define STATUS_FINAL_MIN 200
#define STATUS_MAX 999

/* A response head under construction. */
struct draft {
    char *at;         /* where the next byte goes; the room was reserved */
    int64_t declared; /* Content-Length of the app, or -1 */
    bool has_date, has_server, wants_close, has_upgrade;
};

static char *put_status(char *at, uint16_t status, struct pel_str reason)
{
    at = pel_put(at, PEL_STR("HTTP/1.1 "));
    *at++ = (char)('0' + status / 100);
    *at++ = (char)('0' + status / 10 % 10);
    *at++ = (char)('0' + status % 10);
    *at++ = ' ';
    at = pel_put(at, reason);
    return pel_put(at, PEL_STR("\r\n"));
}

static struct pel_str standard_reason(uint16_t status)
{
    const char *reason = pel_status_reason(status);

    return pel_str(reason, strlen(reason));
}

/* RFC 9110 6.4.1 and 15.3.6. */
static bool is_bodiless(uint16_t status)
{
    return status == 204 || status == 205 || status == 304;
}

static int note_length(struct draft *d, const struct pel_field *f, struct pel_err *err)
{
    int64_t n = pel_syntax_number(pel_syntax_trim(f->value));

    if (n < 0)
        return pel_err_set(err, "malformed Content-Length of a response");
    if (d->declared >= 0)
        return pel_err_set(err, "more than one Content-Length in a response");
    d->declared = n;
    return 0;
}

static void note_connection(struct draft *d, struct pel_str value)
{
    struct pel_str option;

    while (pel_syntax_next_member(&value, &option))
        d->wants_close |= pel_str_ieq(option, PEL_STR("close"));
}

static int put_field(struct draft *d, uint16_t status, const struct pel_field *f,
                     struct pel_err *err)
{
    if (pel_field_check(f, err) < 0)
        return -1;
    switch (pel_field_kind(f->name)) {
    case PEL_KIND_LENGTH:
        return note_length(d, f, err);
    case PEL_KIND_CONNECTION:
        note_connection(d, f->value);
        return 0;
    case PEL_KIND_HOP:
        return 0;
    case PEL_KIND_UPGRADE:
        /* RFC 9110 15.5.22: only here does it tell the client something the app may say. */
        if (status != 426)
            return 0;
        d->has_upgrade = true;
        break;
    case PEL_KIND_DATE:
        d->has_date = true;
        break;
    case PEL_KIND_SERVER:
        d->has_server = true;
        break;
    case PEL_KIND_PLAIN:
        break;
    }
    d->at = pel_field_put(d->at, f);
    return 0;
}

static void put_length(struct draft *d, int64_t n)
{
    d->at = pel_put(d->at, PEL_STR("Content-Length: "));
    d->at = pel_put_number(d->at, (uint64_t)n);
    d->at = pel_put(d->at, PEL_STR("\r\n"));
}

/* What a response without content says of its length (RFC 9110 8.6). A HEAD response must not
 * guess: an app that gave no body may have left it out because of HEAD. */
static int64_t length_of_none(const struct draft *d, uint16_t status, int64_t body_len)
{
    if (status == 204)
        return -1;
    if (status == 205)
        return 0;
    if (d->declared >= 0 || status == 304)
        return d->declared;
    return body_len > 0 ? body_len : -1;
}

/* RFC 9112 6.3 and 7: how the end of the body will be known. */
static void put_framing(struct draft *d, struct pel_response *res, const struct pel_head *head,
                        int64_t body_len)
{
    res->content_length = d->declared;
    if (head->is_head || is_bodiless(res->status)) {
        int64_t n = length_of_none(d, res->status, body_len);

        res->framing = PEL_FRAMING_NONE;
        if (n >= 0)
            put_length(d, n);
    } else if (d->declared >= 0 || body_len >= 0) {
        res->framing = PEL_FRAMING_LENGTH;
        if (d->declared < 0)
            res->content_length = body_len;
        put_length(d, res->content_length);
    } else if (head->version_minor > 0) {
        res->framing = PEL_FRAMING_CHUNKED;
        d->at = pel_put(d->at, PEL_STR("Transfer-Encoding: chunked\r\n"));
    } else {
        res->framing = PEL_FRAMING_CLOSE;
    }
}

static char *put_own(char *at, const struct pel_conf *conf, bool has_date, bool has_server)
{
    if (!has_date && conf->http_date_header) {
        at = pel_put(at, PEL_STR("Date: "));
        at = pel_put(at, pel_str(pel_date_now(), PEL_DATE_LEN));
        at = pel_put(at, PEL_STR("\r\n"));
    }
    if (!has_server && conf->http_server_header[0]) {
        at = pel_put(at, PEL_STR("Server: "));
        at = pel_put(at, pel_str(conf->http_server_header, strlen(conf->http_server_header)));
        at = pel_put(at, PEL_STR("\r\n"));
    }
    return at;
}

static void put_connection(struct draft *d, struct pel_response *res, const struct pel_head *head,
                           bool keep_alive)
{
    res->keep_alive =
        keep_alive && head->keep_alive && !d->wants_close && res->framing != PEL_FRAMING_CLOSE;
    if (!res->keep_alive)
        d->at = pel_put(d->at, d->has_upgrade ? PEL_STR("Connection: close, upgrade\r\n")
                                              : PEL_STR("Connection: close\r\n"));
    else if (d->has_upgrade)
        d->at = pel_put(d->at, PEL_STR("Connection: upgrade\r\n"));
    else if (head->version_minor == 0)
        d->at = pel_put(d->at, PEL_STR("Connection: keep-alive\r\n"));
    d->at = pel_put(d->at, PEL_STR("\r\n"));
}

static size_t room_of(const struct pel_field *fields, size_t n_fields)
{
    size_t room = 0;

    for (size_t i = 0; i < n_fields; i++)
        room += pel_field_room(&fields[i]);
    return room;
}

static int check_status(uint16_t status, struct pel_str reason, struct pel_err *err)
{
    if (status < STATUS_FINAL_MIN || status > STATUS_MAX)
        return pel_err_set(err, "%u is not the status of a final response (%d to %d)",
                           (unsigned)status, STATUS_FINAL_MIN, STATUS_MAX);
    if (!pel_syntax_is_value(reason))
        return pel_err_set(err, "reason phrase holds a control character");
    return 0;
}

int pel_response_head(struct pel_response *res, struct pel_buf *out, const struct pel_conf *conf,
                      const struct pel_head *head, uint16_t status, struct pel_str reason,
                      const struct pel_field *fields, size_t n_fields, int64_t body_len,
                      bool keep_alive, struct pel_err *err)
{
    struct draft d = {.declared = -1};
    size_t room;

    if (check_status(status, reason, err) < 0)
        return -1;
    if (reason.len == 0)
        reason = standard_reason(status);
    room = OWN_ROOM + reason.len + strlen(conf->http_server_header) + room_of(fields, n_fields);
    d.at = put_status(pel_buf_reserve(out, room), status, reason);
    for (size_t i = 0; i < n_fields; i++) {
        if (put_field(&d, status, &fields[i], err) < 0)
            return -1;
    }
    res->status = status;
    d.at = put_own(d.at, conf, d.has_date, d.has_server);
    put_framing(&d, res, head, body_len);
    put_connection(&d, res, head, keep_alive);
    out->len = (size_t)(d.at - out->p);
    PEL_ASSERT(out->len <= out->cap);
    return 0;
}

void pel_response_add(struct pel_buf *out, const struct pel_field *field)
{
    char *at;

    PEL_ASSERT(out->len > 2 && out->p[out->len - 1] == '\n');
    pel_buf_reserve(out, pel_field_room(field));
    at = pel_field_put(out->p + out->len - 2, field);
    at = pel_put(at, PEL_STR("\r\n"));
    out->len = (size_t)(at - out->p);
}

size_t pel_response_simple(struct pel_buf *out, const struct pel_conf *conf, uint16_t status,
                           bool is_head)
{
    struct pel_str reason = standard_reason(status);
    size_t room = OWN_ROOM + 64 + 2 * reason.len + strlen(conf->http_server_header);
    char *at = put_status(pel_buf_reserve(out, room), status, reason);

    at = put_own(at, conf, false, false);
    at = pel_put(at, PEL_STR("Content-Type: text/plain\r\nContent-Length: "));
    at = pel_put_number(at, reason.len + 1);
    at = pel_put(at, PEL_STR("\r\nConnection: close\r\n\r\n"));
    if (!is_head) {
        at = pel_put(at, reason);
        *at++ = '\n';
    }
    out->len = (size_t)(at - out->p);
    PEL_ASSERT(out->len <= out->cap);
    return is_head ? 0 : reason.len + 1;
}

int pel_response_interim(struct pel_buf *out, uint16_t status, const struct pel_field *fields,
                         size_t n_fields, struct pel_err *err)
{
    struct pel_str reason = standard_reason(status);
    char *at;

    /* 101 would give the connection to another protocol. */
    if (status < 100 || status >= STATUS_FINAL_MIN || status == 101)
        return pel_err_set(err, "%u is not the status of an interim response", (unsigned)status);
    at = put_status(pel_buf_reserve(out, OWN_ROOM + reason.len + room_of(fields, n_fields)), status,
                    reason);
    for (size_t i = 0; i < n_fields; i++) {
        if (pel_field_check(&fields[i], err) < 0)
            return -1;
        if (pel_field_kind(fields[i].name) == PEL_KIND_PLAIN)
            at = pel_field_put(at, &fields[i]);
    }
    at = pel_put(at, PEL_STR("\r\n"));
    out->len = (size_t)(at - out->p);
    return 0;
}
