#include "control.h"

#include <signal.h>

static void on_signal(uv_signal_t *handle, int signum)
{
    struct pel_control *ct = handle->data;

    ct->stop(ct->loop);
}

int pel_control_open(struct pel_control *ct, struct pel_loop *loop,
                     void (*stop)(struct pel_loop *loop), struct pel_err *err)
{
    *ct = (struct pel_control){.loop = loop, .stop = stop, .is_open = true};
    uv_signal_init(&loop->uv, &ct->sigterm);
    uv_signal_init(&loop->uv, &ct->sigint);
    ct->sigterm.data = ct->sigint.data = ct;
    uv_signal_start(&ct->sigterm, on_signal, SIGTERM);
    uv_signal_start(&ct->sigint, on_signal, SIGINT);
    return 0;
}

void pel_control_close(struct pel_control *ct)
{
    uv_close((uv_handle_t *)&ct->sigterm, NULL);
    uv_close((uv_handle_t *)&ct->sigint, NULL);
}
