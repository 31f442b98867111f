#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pellucid/log.h"
#include "pellucid/time.h"

static const char *const level_names[] = {"debug", "info", "warning", "error"};

/* Set once by pel_log_init before the process has threads. */
static struct {
    enum pel_log_level level;
    enum pel_log_format format;
    char role[32];
} settings = {PEL_LOG_INFO, PEL_LOG_TEXT, "pellucid"};

/* A line under construction; what does not fit is cut. */
struct line {
    char text[PEL_LOG_LINE_MAX];
    size_t len;
};

void pel_log_init(enum pel_log_level level, enum pel_log_format format, const char *role)
{
    settings.level = level;
    settings.format = format;
    snprintf(settings.role, sizeof(settings.role), "%s", role);
}

static void add_char(struct line *l, char c)
{
    if (l->len < sizeof(l->text) - 8)
        l->text[l->len++] = c;
}

static void add(struct line *l, const char *s)
{
    while (*s)
        add_char(l, *s++);
}

/* Control bytes become \xNN (text) or \u00NN (JSON), so that data cannot forge a line. */
static void add_escaped(struct line *l, struct pel_str s, bool keep_newlines)
{
    static const char hex[] = "0123456789abcdef";
    bool is_json = settings.format == PEL_LOG_JSON;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (is_json && (c == '"' || c == '\\')) {
            add_char(l, '\\');
            add_char(l, (char)c);
        } else if (c == '\n' && (keep_newlines || is_json)) {
            add(l, is_json ? "\\n" : "\n    ");
        } else if ((c < 0x20 && c != '\t') || c == 0x7f || (is_json && c == '\t')) {
            add(l, is_json ? "\\u00" : "\\x");
            add_char(l, hex[c >> 4]);
            add_char(l, hex[c & 15]);
        } else {
            add_char(l, (char)c);
        }
    }
}

static void add_time(struct line *l)
{
    uint64_t now = pel_wall_ns();
    time_t sec = (time_t)(now / PEL_NS_PER_SEC);
    char text[48];
    struct tm tm;

    gmtime_r(&sec, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    add(l, text);
    snprintf(text, sizeof(text), ".%03uZ", (unsigned)(now / PEL_NS_PER_MS % 1000));
    add(l, text);
}

static void add_head(struct line *l, enum pel_log_level level, struct pel_str msg)
{
    char who[64];

    snprintf(who, sizeof(who), "%s[%d]", settings.role, (int)getpid());
    add(l, settings.format == PEL_LOG_JSON ? "{\"time\":\"" : "");
    add_time(l);
    add(l, settings.format == PEL_LOG_JSON ? "\",\"level\":\"" : " ");
    add(l, level_names[level]);
    add(l, settings.format == PEL_LOG_JSON ? "\",\"process\":\"" : " ");
    add(l, who);
    add(l, settings.format == PEL_LOG_JSON ? "\",\"message\":\"" : " ");
    add_escaped(l, msg, false);
}

static void emit(struct line *l)
{
    int saved = errno;
    size_t done = 0;

    if (l->len >= sizeof(l->text) - 8)
        l->len -= 3, add(l, settings.format == PEL_LOG_JSON ? "...\"" : "...");
    if (settings.format == PEL_LOG_JSON)
        add(l, "\"}");
    l->text[l->len++] = '\n';
    while (done < l->len) {
        ssize_t n = write(STDERR_FILENO, l->text + done, l->len - done);

        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    errno = saved;
}

void pel_log(enum pel_log_level level, const char *fmt, ...)
{
    char msg[PEL_LOG_LINE_MAX / 2];
    struct line l = {.len = 0};
    va_list ap;
    int len;

    if (level < settings.level)
        return;
    va_start(ap, fmt);
    len = vsnprintf(msg, sizeof(msg), fmt, ap);
    va_end(ap);
    if (len < 0)
        return;
    add_head(&l, level, pel_str(msg, (size_t)len < sizeof(msg) ? (size_t)len : sizeof(msg) - 1));
    emit(&l);
}

void pel_log_block(enum pel_log_level level, const char *head, struct pel_str text)
{
    struct line l = {.len = 0};

    if (level < settings.level)
        return;
    while (text.len && text.p[text.len - 1] == '\n')
        text.len--;
    add_head(&l, level, pel_str(head, strlen(head)));
    add(&l, settings.format == PEL_LOG_JSON ? "\",\"detail\":\"" : "\n    ");
    add_escaped(&l, text, true);
    emit(&l);
}
