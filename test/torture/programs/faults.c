/* Loaded before a program with LD_PRELOAD: makes its Nth call on files below FAULT_DIR fail, or kills it there, or records all of them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *directory, *kind;
static long target, calls;
static int fault, log_fd = -1, recording;

__attribute__((constructor)) static void begin(void) {
  const char *log = getenv("FAULT_LOG");
  directory = getenv("FAULT_DIR");
  kind = getenv("FAULT_KIND") ? getenv("FAULT_KIND") : "";
  target = getenv("FAULT_AT") ? atol(getenv("FAULT_AT")) : 0;
  fault = getenv("FAULT_ERRNO") ? atoi(getenv("FAULT_ERRNO")) : 0;
  recording = strcmp(kind, "record") == 0;
  if (directory && log) log_fd = open(log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
}

static int below(const char *path) { return directory && strncmp(path, directory, strlen(directory)) == 0; }

static int path_of(int fd, char *path, size_t size) {
  char link[64];
  ssize_t length;
  if (!directory) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink(link, path, size - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return below(path);
}

static void note(const char *text, size_t length) {
  if (log_fd >= 0) syscall(SYS_write, log_fd, text, length);
}

static void record(char what, const char *path, long offset, const void *data, size_t length) {
  char line[4400];
  int size = snprintf(line, sizeof line, "%c %ld %zu %s\n", what, offset, length, path);
  note(line, size);
  if (data) note(data, length);
}

/* 1 when this call is the one. */
static int hit(const char *what) {
  if (recording || (strcmp(kind, "any") != 0 && strcmp(kind, what) != 0)) return 0;
  if (++calls != target) return 0;
  note("hit\n", 4);
  if (fault == 0) kill(getpid(), SIGKILL);
  errno = fault;
  return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t length) {
  char path[4096];
  if (recording && fd == 1) record('A', "-", 0, data, length);
  else if (path_of(fd, path, sizeof path)) {
    if (hit("write")) return -1;
    if (recording) record('W', path, lseek(fd, 0, SEEK_CUR), data, length);
  }
  return REAL(write)(fd, data, length);
}

static int before_pwrite(int fd, const void *data, size_t length, off_t offset) {
  char path[4096];
  if (!path_of(fd, path, sizeof path)) return 0;
  if (hit("write")) return 1;
  if (recording) record('W', path, offset, data, length);
  return 0;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
  return before_pwrite(fd, data, length, offset) ? -1 : REAL(pwrite)(fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  return before_pwrite(fd, data, length, offset) ? -1 : REAL(pwrite64)(fd, data, length, offset);
}

static int before_sync(int fd) {
  char path[4096];
  if (!path_of(fd, path, sizeof path)) return 0;
  if (hit("fsync")) return 1;
  if (recording) record('S', path, 0, NULL, 0);
  return 0;
}

int fsync(int fd) { return before_sync(fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return before_sync(fd) ? -1 : REAL(fdatasync)(fd); }

static int before_truncate(int fd, off_t length) {
  char path[4096];
  if (!path_of(fd, path, sizeof path)) return 0;
  if (hit("write")) return 1;
  if (recording) record('T', path, length, NULL, 0);
  return 0;
}

int ftruncate(int fd, off_t length) { return before_truncate(fd, length) ? -1 : REAL(ftruncate)(fd, length); }
int ftruncate64(int fd, off64_t length) { return before_truncate(fd, length) ? -1 : REAL(ftruncate64)(fd, length); }

int rename(const char *from, const char *to) {
  if (below(to) && hit("rename")) return -1;
  return REAL(rename)(from, to);
}

int unlink(const char *path) {
  if (below(path) && strcmp(kind, "any") == 0 && hit("unlink")) return -1;
  if (recording && below(path)) record('U', path, 0, NULL, 0);
  return REAL(unlink)(path);
}
