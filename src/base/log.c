#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pellucid/escape.h"
#include "pellucid/hex.h"
#include "pellucid/log.h"
#include "pellucid/time.h"

const struct pel_log_info pel_log_infos[PEL_LOG_N] = {
#define PEL_LOG(name, code, level, meaning) {#code, PEL_LEVEL_##level, meaning},
#include "pellucid/tbl/logs.h"
#undef PEL_LOG
};

/* A code that two entries have does not compile. */
enum {
#define PEL_LOG(name, code, level, meaning) code,
#include "pellucid/tbl/logs.h"
#undef PEL_LOG
};

static const char *const level_names[] = {"debug", "info", "warning", "error"};

/* Set once by pel_log_init before the process has threads. */
static struct {
    enum pel_log_level level;
    enum pel_log_format format;
    char role[32];
} settings = {PEL_LEVEL_INFO, PEL_LOG_TEXT, "pellucid"};

static struct {
    pel_log_watch_fn *fn;
    void *arg;
} watch;

/* A line under construction; what does not fit is cut. The end of the line always fits. */
struct line {
    char text[PEL_LOG_LINE_MAX];
    size_t len;
};

#define END_MAX 8     /* dots, end of a JSON object, newline */
#define MEMBER_MIN 64 /* room for which a member of a JSON object is begun, beside its key */
#define MESSAGE_MAX 4096

const char *pel_log_level_name(enum pel_log_level level)
{
    return level_names[level];
}

void pel_log_take(int fd)
{
    if (dup2(fd, STDERR_FILENO) == -1)
        pel_log(PEL_LOG_LOG_NOT_TAKEN, "the old log goes on: %m");
}

void pel_log_set_watch(pel_log_watch_fn *fn, void *arg)
{
    watch.fn = fn;
    watch.arg = arg;
}

/* After a bug nothing is certain, locks that a watcher takes included. */
static bool is_watched(enum pel_log_entry entry)
{
    return watch.fn && pel_log_infos[entry].level >= PEL_LEVEL_WARNING && entry != PEL_LOG_BUG;
}

static bool is_written(enum pel_log_entry entry)
{
    return pel_log_infos[entry].level >= settings.level;
}

/* The dots of a text that was cut stand in the room of the end. */
static size_t room(const struct line *l)
{
    size_t max = sizeof(l->text) - END_MAX;

    return l->len < max ? max - l->len : 0;
}

void pel_log_init(enum pel_log_level level, enum pel_log_format format, const char *role)
{
    settings.level = level;
    settings.format = format;
    snprintf(settings.role, sizeof(settings.role), "%s", role);
}

/* All of s, or nothing of it. */
static bool add(struct line *l, struct pel_str s)
{
    if (s.len > room(l))
        return false;
    memcpy(l->text + l->len, s.p, s.len);
    l->len += s.len;
    return true;
}

static void add_cstr(struct line *l, const char *s)
{
    add(l, pel_str(s, strlen(s)));
}

/* Is the sequence of len bytes at p (0: no UTF-8) one that a terminal would act upon? */
static bool is_control(const unsigned char *p, size_t len)
{
    if (len == 1)
        return (*p < 0x20 && *p != '\t') || *p == 0x7f;
    return len == 0 || (len == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

/* Control characters and what is no UTF-8 become \xNN, so that data can neither forge a line nor
 * drive a terminal; a newline, where it is kept, indents what follows. */
static void add_text(struct line *l, struct pel_str s, bool keep_newlines)
{
    size_t len;

    for (size_t i = 0; i < s.len; i += len) {
        char escaped[8];
        struct pel_str piece;

        len = pel_utf8_len(s.p + i, s.len - i);
        piece = pel_str(s.p + i, len);
        if (s.p[i] == '\n' && keep_newlines) {
            piece = PEL_STR("\n    ");
        } else if (is_control((const unsigned char *)s.p + i, len)) {
            len = 1;
            snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned char)s.p[i]);
            piece = pel_str(escaped, 4);
        }
        if (!add(l, piece)) {
            memcpy(l->text + l->len, "...", 3);
            l->len += 3;
            return;
        }
    }
}

/* At most max bytes of the line. */
static void add_json(struct line *l, struct pel_str s, size_t max)
{
    if (max > room(l))
        max = room(l);
    if (max >= 16)
        l->len += pel_escape_json(l->text + l->len, max, s);
}

/* "2026-11-22T15:30:00.123Z" */
static void add_time(struct line *l)
{
    uint64_t now = pel_wall_ns();
    time_t sec = (time_t)(now / PEL_NS_PER_SEC);
    char text[48];
    struct tm tm;

    gmtime_r(&sec, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    add_cstr(l, text);
    snprintf(text, sizeof(text), ".%03uZ", (unsigned)(now / PEL_NS_PER_MS % 1000));
    add_cstr(l, text);
}

/* "worker 3[1234]" */
static void add_process(struct line *l)
{
    char text[64];

    snprintf(text, sizeof(text), "%s[%d]", settings.role, (int)getpid());
    add_cstr(l, text);
}

static void add_text_event(struct line *l, const struct pel_log_event *e)
{
    add_time(l);
    add_cstr(l, " ");
    add_cstr(l, level_names[pel_log_infos[e->entry].level]);
    add_cstr(l, " ");
    add_cstr(l, pel_log_infos[e->entry].code);
    add_cstr(l, " ");
    add_process(l);
    add_cstr(l, " ");
    add_text(l, e->message, false);
    if (e->detail.len && room(l) >= MEMBER_MIN) {
        add_cstr(l, "\n    ");
        add_text(l, e->detail, true);
    }
}

/* A member of the object behind others: whole or not at all, but for a long value. */
static void add_member(struct line *l, const char *key, struct pel_str value)
{
    if (room(l) < strlen(key) + MEMBER_MIN)
        return;
    add_cstr(l, ",\"");
    add_cstr(l, key);
    add_cstr(l, "\":\"");
    add_json(l, value, room(l) - 1);
    add_cstr(l, "\"");
}

static void add_field(struct line *l, const struct pel_log_field *f)
{
    char text[32];

    if (f->value.len) {
        add_member(l, f->key, f->value);
    } else if (f->number && room(l) >= strlen(f->key) + MEMBER_MIN) {
        add_cstr(l, ",\"");
        add_cstr(l, f->key);
        snprintf(text, sizeof(text), "\":%" PRIu64, f->number);
        add_cstr(l, text);
    }
}

static void add_id(struct line *l, const char *key, const uint8_t *id, size_t len)
{
    char text[32];

    if (!id)
        return;
    pel_put_hex(text, id, len);
    add_member(l, key, pel_str(text, 2 * len));
}

static void add_json_event(struct line *l, const struct pel_log_event *e)
{
    add_cstr(l, "{\"time\":\"");
    add_time(l);
    add_cstr(l, "\",\"level\":\"");
    add_cstr(l, level_names[pel_log_infos[e->entry].level]);
    add_cstr(l, "\",\"code\":\"");
    add_cstr(l, pel_log_infos[e->entry].code);
    add_cstr(l, "\",\"process\":\"");
    add_process(l);
    add_cstr(l, "\",\"message\":\"");
    add_json(l, e->message, MESSAGE_MAX);
    add_cstr(l, "\"");
    add_id(l, "trace_id", e->trace_id, 16);
    add_id(l, "span_id", e->span_id, 8);
    for (size_t i = 0; i < e->n_fields; i++)
        add_field(l, &e->fields[i]);
    if (e->detail.len)
        add_member(l, "detail", e->detail);
}

/* Ends the line and writes it: END_MAX bytes were kept for what is added here. */
static void emit(struct line *l)
{
    size_t done = 0;

    if (settings.format == PEL_LOG_JSON)
        l->text[l->len++] = '}';
    l->text[l->len++] = '\n';
    while (done < l->len) {
        ssize_t n = write(STDERR_FILENO, l->text + done, l->len - done);

        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
}

static void write_event(const struct pel_log_event *event)
{
    struct line l;

    l.len = 0;
    if (settings.format == PEL_LOG_JSON)
        add_json_event(&l, event);
    else
        add_text_event(&l, event);
    emit(&l);
}

void pel_log_event(const struct pel_log_event *event)
{
    int saved = errno;

    if (is_written(event->entry))
        write_event(event);
    if (is_watched(event->entry))
        watch.fn(watch.arg, event);
    errno = saved;
}

void pel_log(enum pel_log_entry entry, const char *fmt, ...)
{
    char msg[MESSAGE_MAX];
    va_list ap;
    int len;

    if (!is_written(entry) && !is_watched(entry))
        return;
    va_start(ap, fmt);
    len = vsnprintf(msg, sizeof(msg), fmt, ap);
    va_end(ap);
    PEL_ASSERT(len >= 0);
    if ((size_t)len >= sizeof(msg)) {
        len = sizeof(msg) - 1;
        memcpy(msg + len - 3, "...", 3);
    }
    pel_log_event(&(struct pel_log_event){.entry = entry, .message = pel_str(msg, (size_t)len)});
}

void pel_log_block(enum pel_log_entry entry, const char *head, struct pel_str text)
{
    while (text.len && text.p[text.len - 1] == '\n')
        text.len--;
    pel_log_event(&(struct pel_log_event){
        .entry = entry, .message = pel_str(head, strlen(head)), .detail = text});
}
