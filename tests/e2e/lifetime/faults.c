/* Preloaded: fails the nth call that concerns one of the paths in FAULTS, or kills before it.
 *
 * access("/faults/NTH/ERRNO/ALWAYS") arms it, access("/faults/pause") and "/faults/resume" do that.
 * ERRNO -1 is half a read or write, -9 a kill; with ALWAYS every later call of that kind fails, too.
 * Each call that concerns us is a line of the file FAULTS_LOG, where that is set. No folder is made
 * whose path has READ_ONLY in it, where that is set.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int active, count, nth, error, always, writing_log = -1;
static const char *kind = "";

static int concerns(const char *path) {
    char *all = getenv("FAULTS"), copy[8192], *state, *one;
    if (!all || !path) return 0;
    snprintf(copy, sizeof copy, "%s", all);
    for (one = strtok_r(copy, ":", &state); one; one = strtok_r(NULL, ":", &state))
        if (strstr(path, one)) return 1;
    return 0;
}

/* 0: go on. 1: errno is set. 2: do half of it. */
static int fails(const char *name, const char *path) {
    char line[8192];
    if (!active || !concerns(path)) return 0;
    count++;
    if (writing_log >= 0) {
        int size = snprintf(line, sizeof line, "%s %s\n", name, path);
        syscall(SYS_write, writing_log, line, size);
    }
    if (count == nth) kind = name;
    if (count != nth && !(always && nth && count > nth && !strcmp(kind, name))) return 0;
    if (error == -9) syscall(SYS_kill, getpid(), SIGKILL);
    if (error == -1) return 2;
    errno = error;
    return 1;
}

static int fails_at(const char *name, int descriptor) {
    char link[64], path[4096];
    if (!active) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = syscall(SYS_readlink, link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return fails(name, path);
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

int access(const char *path, int mode) {
    REAL(int, access, const char *, int);
    if (strncmp(path, "/faults/", 8)) return real(path, mode);
    if (!strcmp(path + 8, "pause")) active = 0;
    else if (!strcmp(path + 8, "resume")) active = 1;
    else if (sscanf(path + 8, "%d/%d/%d", &nth, &error, &always) == 3) {
        char *log = getenv("FAULTS_LOG");
        count = 0, active = 1;
        if (log && writing_log < 0)
            writing_log = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    return 0;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, const char *, int, ...); \
        va_list more; va_start(more, flags); int mode = va_arg(more, int); va_end(more); \
        return fails("open", path) == 1 ? -1 : real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(int, name, int, const char *, int, ...); \
        va_list more; va_start(more, flags); int mode = va_arg(more, int); va_end(more); \
        return fails("open", path) == 1 ? -1 : real(folder, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

#define STAT(name, type) \
    int name(const char *path, struct type *status) { \
        REAL(int, name, const char *, struct type *); \
        return fails("stat", path) == 1 ? -1 : real(path, status); \
    }
STAT(stat, stat)
STAT(stat64, stat64)
STAT(lstat, stat)
STAT(lstat64, stat64)

#define FSTAT(name, type) \
    int name(int descriptor, struct type *status) { \
        REAL(int, name, int, struct type *); \
        return fails_at("fstat", descriptor) == 1 ? -1 : real(descriptor, status); \
    }
FSTAT(fstat, stat)
FSTAT(fstat64, stat64)

#define PATH(name) \
    int name(const char *path) { \
        REAL(int, name, const char *); \
        return fails(#name, path) == 1 ? -1 : real(path); \
    }
PATH(unlink)
PATH(rmdir)

int chmod(const char *path, mode_t mode) {
    REAL(int, chmod, const char *, mode_t);
    return fails("chmod", path) == 1 ? -1 : real(path, mode);
}

int fchmod(int descriptor, mode_t mode) {
    REAL(int, fchmod, int, mode_t);
    return fails_at("fchmod", descriptor) == 1 ? -1 : real(descriptor, mode);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    char *refused = getenv("READ_ONLY");
    if (!refused || !strstr(path, refused)) return fails("mkdir", path) == 1 ? -1 : real(path, mode);
    errno = EROFS;
    return -1;
}

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    return fails("rename", to) == 1 ? -1 : real(from, to);
}

ssize_t readlink(const char *path, char *target, size_t size) {
    REAL(ssize_t, readlink, const char *, char *, size_t);
    return fails("readlink", path) == 1 ? -1 : real(path, target, size);
}

DIR *opendir(const char *path) {
    REAL(DIR *, opendir, const char *);
    return fails("opendir", path) == 1 ? NULL : real(path);
}

#define READDIR(name, type) \
    struct type *name(DIR *folder) { \
        REAL(struct type *, name, DIR *); \
        return fails_at("readdir", dirfd(folder)) == 1 ? NULL : real(folder); \
    }
READDIR(readdir, dirent)
READDIR(readdir64, dirent64)

/* In /proc it has this path, too. */
int memfd_create(const char *name, unsigned int flags) {
    REAL(int, memfd_create, const char *, unsigned int);
    char path[256];
    snprintf(path, sizeof path, "/memfd:%s", name);
    return fails("memfd_create", path) == 1 ? -1 : real(name, flags);
}

#define FCNTL(name) \
    int name(int descriptor, int command, ...) { \
        REAL(int, name, int, int, ...); \
        va_list more; va_start(more, command); void *value = va_arg(more, void *); va_end(more); \
        return fails_at("fcntl", descriptor) == 1 ? -1 : real(descriptor, command, value); \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

int flock(int descriptor, int operation) {
    REAL(int, flock, int, int);
    return fails_at("flock", descriptor) == 1 ? -1 : real(descriptor, operation);
}

int fsync(int descriptor) {
    REAL(int, fsync, int);
    return fails_at("fsync", descriptor) == 1 ? -1 : real(descriptor);
}

ssize_t read(int descriptor, void *data, size_t size) {
    REAL(ssize_t, read, int, void *, size_t);
    int failed = fails_at("read", descriptor);
    return failed == 1 ? -1 : real(descriptor, data, failed ? (size + 511) / 512 : size);
}

ssize_t write(int descriptor, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    int failed = fails_at("write", descriptor);
    return failed == 1 ? -1 : real(descriptor, data, failed ? (size + 1) / 2 : size);
}

#define PREAD(name) \
    ssize_t name(int descriptor, void *data, size_t size, off_t offset) { \
        REAL(ssize_t, name, int, void *, size_t, off_t); \
        int failed = fails_at("pread", descriptor); \
        return failed == 1 ? -1 : real(descriptor, data, failed ? (size + 1) / 2 : size, offset); \
    }
PREAD(pread)
PREAD(pread64)

#define MMAP(name) \
    void *name(void *at, size_t size, int protection, int flags, int descriptor, off_t offset) { \
        REAL(void *, name, void *, size_t, int, int, int, off_t); \
        if (descriptor >= 0 && fails_at("mmap", descriptor) == 1) return MAP_FAILED; \
        return real(at, size, protection, flags, descriptor, offset); \
    }
MMAP(mmap)
MMAP(mmap64)
