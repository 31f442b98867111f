/*
 * folder - a temporary folder of a test, and files in it.
 */
#ifndef TEST_SUPERVISOR_FOLDER_H
#define TEST_SUPERVISOR_FOLDER_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct folder {
    char path[64];
};

static inline void folder_make(struct folder *f)
{
    snprintf(f->path, sizeof(f->path), "/tmp/pel-test-XXXXXX");
    if (!mkdtemp(f->path))
        abort();
}

/* Writes text to a file below the folder; folders on the way are made. */
static inline void folder_write(const struct folder *f, const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", f->path, name);
    for (char *p = path + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        mkdir(path, 0755);
        *p = '/';
    }
    file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

static inline void folder_remove(struct folder *f)
{
    char command[96];

    snprintf(command, sizeof(command), "rm -rf '%s'", f->path);
    if (system(command) != 0)
        abort();
}

#endif
