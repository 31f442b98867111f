/*
 * replay - feeds a fuzzer every file of its corpus once, without libFuzzer.
 *
 * usage: fuzz_x CORPUS_FOLDER
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "pellucid/base.h"

static void feed(const char *path)
{
    FILE *file = fopen(path, "rb");

    PEL_ASSERT(file != NULL);
    PEL_ASSERT(fseek(file, 0, SEEK_END) == 0);
    size_t len = (size_t)ftell(file);
    rewind(file);
    /* Exactly as long as the input, so that a read behind its end is noticed. */
    uint8_t *data = malloc(len ? len : 1);
    PEL_ASSERT(data != NULL && fread(data, 1, len, file) == len);
    fclose(file);
    LLVMFuzzerTestOneInput(data, len);
    free(data);
}

int main(int argc, char **argv)
{
    DIR *corpus = argc == 2 ? opendir(argv[1]) : NULL;
    struct dirent *entry;
    unsigned n = 0;

    if (corpus == NULL) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    while ((entry = readdir(corpus)) != NULL) {
        char path[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        feed(path);
        n++;
    }
    closedir(corpus);
    printf("%u inputs\n", n);
    return n > 0 ? 0 : 1; /* an empty corpus tests nothing */
}
