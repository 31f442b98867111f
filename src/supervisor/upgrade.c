#include "pellucid/log.h"
#include "upgrade.h"

void pel_upgrade(struct pel_supervisor *sv)
{
    pel_warning("SIGUSR2 is ignored: this version cannot be upgraded in place");
}
