#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "folder.h"
#include "supervisor/cpus.h"

static int make(void **state)
{
    static struct folder f;

    folder_make(&f);
    *state = &f;
    return 0;
}

static int remove_it(void **state)
{
    folder_remove(*state);
    return 0;
}

static unsigned quota(void **state)
{
    return pel_cpus_quota(((struct folder *)*state)->path);
}

static void no_cgroups_no_quota(void **state)
{
    assert_int_equal(quota(state), 0);
    folder_write(*state, "proc/self/cgroup", "0::/\n");
    assert_int_equal(quota(state), 0);
    folder_write(*state, "proc/self/cgroup", "nonsense\n\n12\n0::\n");
    assert_int_equal(quota(state), 0);
}

static void v2_is_rounded_up(void **state)
{
    folder_write(*state, "proc/self/cgroup", "0::/\n");
    folder_write(*state, "sys/fs/cgroup/cpu.max", "150000 100000\n");
    assert_int_equal(quota(state), 2);
    folder_write(*state, "sys/fs/cgroup/cpu.max", "50000 100000\n");
    assert_int_equal(quota(state), 1);
    folder_write(*state, "sys/fs/cgroup/cpu.max", "max 100000\n");
    assert_int_equal(quota(state), 0);
}

static void v2_the_tightest_group_counts(void **state)
{
    folder_write(*state, "proc/self/cgroup", "0::/system.slice/shop.service\n");
    folder_write(*state, "sys/fs/cgroup/system.slice/cpu.max", "300000 100000\n");
    folder_write(*state, "sys/fs/cgroup/system.slice/shop.service/cpu.max", "max 100000\n");
    assert_int_equal(quota(state), 3);
    folder_write(*state, "sys/fs/cgroup/system.slice/shop.service/cpu.max", "200000 100000\n");
    assert_int_equal(quota(state), 2);
}

static void v2_in_a_container_the_path_is_not_there(void **state)
{
    folder_write(*state, "proc/self/cgroup", "0::/docker/0123456789abcdef\n");
    folder_write(*state, "sys/fs/cgroup/cpu.max", "400000 100000\n");
    assert_int_equal(quota(state), 4);
}

static void v1_reads_quota_and_period(void **state)
{
    folder_write(*state, "proc/self/cgroup",
                 "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n3:cpuset:/docker/x\n");
    folder_write(*state, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    folder_write(*state, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    assert_int_equal(quota(state), 0);
    folder_write(*state, "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "250000\n");
    folder_write(*state, "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
    assert_int_equal(quota(state), 3);
}

static void this_machine_has_a_cpu(void **state)
{
    assert_true(pel_cpus_usable("") >= 1);
}

static void the_quota_limits_affinity(void **state)
{
    folder_write(*state, "proc/self/cgroup", "0::/\n");
    folder_write(*state, "sys/fs/cgroup/cpu.max", "1000 100000\n");
    assert_int_equal(pel_cpus_usable(((struct folder *)*state)->path), 1);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make, remove_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(no_cgroups_no_quota),
        IN_FOLDER(v2_is_rounded_up),
        IN_FOLDER(v2_the_tightest_group_counts),
        IN_FOLDER(v2_in_a_container_the_path_is_not_there),
        IN_FOLDER(v1_reads_quota_and_period),
        IN_FOLDER(the_quota_limits_affinity),
        cmocka_unit_test(this_machine_has_a_cpu),
    };

    return cmocka_run_group_tests_name("cpus", tests, NULL, NULL);
}
