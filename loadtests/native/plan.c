#include "plan.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"

static const char MAGIC[8] = "sgplan1";

struct plan plan_open(const char *path) {
    int fd = open(path, O_RDONLY);
    struct stat found;
    if (fd < 0 || fstat(fd, &found) < 0)
        fail("cannot read %s", path);
    const uint8_t *start = mmap(NULL, found.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    close(fd);
    if (start == MAP_FAILED || (size_t)found.st_size < sizeof(struct plan_header))
        fail("%s is no plan", path);
    struct plan plan = {.header = (const void *)start};
    plan.clients = (const void *)(plan.header + 1);
    plan.events = (const void *)(plan.clients + plan.header->clients);
    plan.blob = (const void *)(plan.events + plan.header->events);
    const uint8_t *end = plan.blob + plan.header->blob_len;
    if (memcmp(plan.header->magic, MAGIC, sizeof MAGIC) != 0 || end != start + found.st_size)
        fail("%s is no plan", path);
    return plan;
}
