#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "gzip.h"
#include "pellucid/log.h"
#include "pellucid/mem.h"
#include "transport.h"

#define CONNECTIONS_MAX 4L
/* CURLMOPT_QUICK_EXIT, which headers before 8.20 do not have; what runs may be newer. */
#define MULTI_QUICK_EXIT ((CURLMoption)(CURLOPTTYPE_LONG + 21))
#define USER_AGENT "pellucid/" PEL_VERSION " OTel-OTLP-Exporter-C/" PEL_VERSION

/* What libcurl waits for on one socket. */
struct watch {
    uv_poll_t poll;
    struct pel_transport *t;
    curl_socket_t fd;
};

/* What another try cannot help. Certificates are none of it: they are read anew for each
 * connection, and are replaced, here and there. */
static bool is_lasting(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WRITE_ERROR:
        return true;
    default:
        return false;
    }
}

static void drop_easy(struct pel_transport *t, struct pel_post *post)
{
    curl_multi_remove_handle(t->multi, post->easy);
    curl_easy_cleanup(post->easy);
    post->easy = NULL;
}

/* Hands finished requests to their owners. A done function may start the next one, with the same
 * post. */
static void collect(struct pel_transport *t)
{
    CURLMsg *msg;
    int n_left;

    while ((msg = curl_multi_info_read(t->multi, &n_left))) {
        struct pel_post *post = NULL;
        CURL *easy = msg->easy_handle;
        CURLcode code = msg->data.result;
        struct pel_buf answer;

        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&post);
        if (code == CURLE_OK)
            curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &post->status);
        else if (!post->error[0])
            snprintf(post->error, sizeof(post->error), "%s", curl_easy_strerror(code));
        post->is_retryable = !is_lasting(code);
        drop_easy(t, post);
        answer = post->answer;
        post->done(post);
        pel_buf_fini(&answer);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct pel_transport *t = timer->data;
    int n_running;

    curl_multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &n_running);
    collect(t);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct pel_transport *t = arg;

    if (timeout_ms < 0)
        uv_timer_stop(&t->timer);
    else
        uv_timer_start(&t->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    struct pel_transport *t = w->t;
    int n_running, flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                           (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) |
                           (status < 0 ? CURL_CSELECT_ERR : 0);

    curl_multi_socket_action(t->multi, w->fd, flags, &n_running);
    collect(t);
}

static void free_watch(uv_handle_t *handle)
{
    free(handle->data);
}

static struct watch *watch_new(struct pel_transport *t, curl_socket_t fd)
{
    struct watch *w = pel_mem_new(1, sizeof(*w));

    w->t = t;
    w->fd = fd;
    w->poll.data = w;
    if (uv_poll_init_socket(t->loop, &w->poll, fd) < 0) {
        free(w);
        return NULL;
    }
    curl_multi_assign(t->multi, fd, w);
    return w;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct pel_transport *t = arg;
    struct watch *w = socket_arg;

    if (what == CURL_POLL_REMOVE) {
        if (w)
            uv_close((uv_handle_t *)&w->poll, free_watch);
        curl_multi_assign(t->multi, fd, NULL);
        return 0;
    }
    if (!w && !(w = watch_new(t, fd)))
        return -1;
    uv_poll_start(&w->poll,
                  (what & CURL_POLL_IN ? UV_READABLE : 0) |
                      (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
                  on_socket);
    return 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct pel_post *post = arg;
    size_t room = PEL_POST_ANSWER_KEPT - post->answer.len;

    pel_buf_add(&post->answer, p, n < room ? n : room);
    post->answer_len += n;
    return post->answer_len <= PEL_POST_ANSWER_MAX ? n : 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
    static const char name[] = "retry-after:";
    struct pel_post *post = arg;

    if (n > strlen(name) && strncasecmp(p, name, strlen(name)) == 0)
        post->retry_after_s =
            pel_retry_after_parse(p + strlen(name), n - strlen(name), (int64_t)time(NULL));
    return n;
}

static void set_certificates(const struct pel_transport *t, CURL *c)
{
    if (*t->authorities) {
        curl_easy_setopt(c, CURLOPT_CAINFO, t->authorities);
        /* Without a folder, too: those named are all that are believed. */
        curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
        /* Read for each connection, as the other files are: it may have been replaced. */
        curl_easy_setopt(c, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    }
    if (*t->certificate) {
        curl_easy_setopt(c, CURLOPT_SSLCERT, t->certificate);
        curl_easy_setopt(c, CURLOPT_SSLKEY, *t->key ? t->key : t->certificate);
        /* Without one OpenSSL asks the terminal, and everything waits for somebody to type. */
        curl_easy_setopt(c, CURLOPT_KEYPASSWD, "");
    }
}

static void set_options(struct pel_transport *t, struct pel_post *post, struct pel_str body)
{
    CURL *c = post->easy;

    curl_easy_setopt(c, CURLOPT_PRIVATE, post);
    curl_easy_setopt(c, CURLOPT_URL, t->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    /* When time is up the loop goes on at once, though a thread still waits for a name server. */
    curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.p);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(c, CURLOPT_USERAGENT, USER_AGENT);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, t->timeout_ms);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, post->error);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, post);
    set_certificates(t, c);
}

void pel_transport_pack(const struct pel_transport *t, struct pel_buf *body, struct pel_buf *raw)
{
    struct pel_buf old = *body;

    pel_buf_clear(body);
    if (t->compresses) {
        pel_gzip(body, pel_str(raw->p, raw->len));
        return;
    }
    *body = *raw;
    *raw = old;
    pel_buf_clear(raw);
}

void pel_transport_post(struct pel_transport *t, struct pel_post *post, struct pel_str body)
{
    PEL_ASSERT(!post->easy);
    post->easy = curl_easy_init();
    PEL_ASSERT(post->easy != NULL);
    post->status = 0;
    post->retry_after_s = -1;
    post->error[0] = '\0';
    post->answer_len = 0;
    pel_buf_init(&post->answer);
    set_options(t, post, body);
    curl_multi_add_handle(t->multi, post->easy);
}

void pel_transport_cancel(struct pel_transport *t, struct pel_post *post)
{
    if (!post->easy)
        return;
    drop_easy(t, post);
    pel_buf_fini(&post->answer);
}

/* --- set-up --- */

static void set_name(struct pel_transport *t)
{
    const char *slashes = strstr(t->url, "://");
    const char *host = slashes ? slashes + 3 : t->url, *path = host + strcspn(host, "/?#");
    const char *at = memrchr(host, '@', (size_t)(path - host));

    snprintf(t->name, sizeof(t->name), "%.*s%.*s", (int)(host - t->url), t->url,
             (int)strcspn(at ? at + 1 : host, "?#"), at ? at + 1 : host);
}

static void add_header(struct pel_transport *t, const char *text)
{
    struct curl_slist *longer = curl_slist_append(t->headers, text);

    PEL_ASSERT(longer != NULL);
    t->headers = longer;
}

static int make_headers(struct pel_transport *t, const struct pel_pairs *own, struct pel_err *err)
{
    add_header(t, "Content-Type: application/x-protobuf");
    add_header(t, "Expect:");
    if (t->compresses)
        add_header(t, "Content-Encoding: gzip");
    for (size_t i = 0; i < own->n; i++) {
        const struct pel_pair *pair = &own->items[i];
        struct pel_buf line;

        if (strpbrk(pair->name, "\r\n: ") || strpbrk(pair->value, "\r\n"))
            return pel_err_set(err, "otlp.headers: \"%s\" is no header field", pair->name);
        pel_buf_init(&line);
        pel_buf_addf(&line, pair->value[0] ? "%s: %s" : "%s;%s", pair->name, pair->value);
        add_header(t, line.p);
        pel_buf_fini(&line);
    }
    return 0;
}

int pel_transport_open(struct pel_transport *t, uv_loop_t *loop, const struct pel_conf *conf,
                       enum pel_signal signal, struct pel_err *err)
{
    struct pel_export_settings settings = pel_conf_export_settings(conf, signal);

    *t = (struct pel_transport){.loop = loop,
                                .timeout_ms = (long)settings.timeout_ms,
                                .compresses = settings.compresses,
                                .authorities = settings.authorities,
                                .certificate = settings.certificate,
                                .key = settings.key};
    uv_timer_init(loop, &t->timer);
    t->timer.data = t;
    t->multi = curl_multi_init();
    PEL_ASSERT(t->multi != NULL);
    curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t);
    curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t);
    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
    /* The same as of each post (set_options): since 8.20 it is the multi that has the threads. */
    curl_multi_setopt(t->multi, MULTI_QUICK_EXIT, 1L);
    t->url = pel_conf_export_url(conf, signal);
    set_name(t);
    if (make_headers(t, settings.headers, err) < 0) {
        pel_transport_close(t);
        return -1;
    }
    return 0;
}

void pel_transport_close(struct pel_transport *t)
{
    curl_multi_cleanup(t->multi);
    curl_slist_free_all(t->headers);
    free(t->url);
    uv_close((uv_handle_t *)&t->timer, NULL);
}
