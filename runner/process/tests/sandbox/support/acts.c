// Acts that a sandbox must stop. `acts NAME ARGUMENT…` exits with 0 if the act succeeded, else it says why not.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int done(int result, const char *what) {
    if (result >= 0) return 0;
    perror(what);
    return 1;
}

static int read_file(const char *path) {
    char buffer[64];
    int file = open(path, O_RDONLY);
    if (file < 0) return done(-1, path);
    ssize_t length = read(file, buffer, sizeof buffer);
    if (length == 0) errno = ENODATA;
    return done(length > 0 ? 0 : -1, path);
}

static int write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (file < 0) return done(-1, path);
    return done((int)write(file, text, strlen(text)), path);
}

static int unix_socket(const char *path, int abstract, int type) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    memcpy(address.sun_path + abstract, path, length);
    int s = socket(AF_UNIX, type, 0);
    if (s < 0) return done(-1, "socket");
    return done(connect(s, (struct sockaddr *)&address,
                        offsetof(struct sockaddr_un, sun_path) + abstract + length), path);
}

// From a pair of datagram sockets to a socket outside.
static int pair(const char *path) {
    int pair[2];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0) return done(-1, "socketpair");
    return done((int)sendto(pair[0], "x", 1, 0, (struct sockaddr *)&address, sizeof address), path);
}

static int tcp(const char *host, const char *port, int fast) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(port))};
    int six = inet_pton(AF_INET, host, &v4.sin_addr) != 1;
    if (six) inet_pton(AF_INET6, host, &v6.sin6_addr);
    int s = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    if (s < 0) return done(-1, "socket");
    if (fast) return done((int)sendto(s, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&v4, sizeof v4), host);
    return done(six ? connect(s, (struct sockaddr *)&v6, sizeof v6)
                    : connect(s, (struct sockaddr *)&v4, sizeof v4), host);
}

static int udp(const char *host, const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    inet_pton(AF_INET, host, &address.sin_addr);
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s < 0) return done(-1, "socket");
    return done((int)sendto(s, "x", 1, 0, (struct sockaddr *)&address, sizeof address), host);
}

static int sockets(int family, int type, int protocol) {
    return done(socket(family, type, protocol), "socket");
}

static int trace(pid_t pid) {
    if (ptrace(PTRACE_ATTACH, pid, 0, 0) < 0) return done(-1, "ptrace");
    waitpid(pid, NULL, __WALL);
    ptrace(PTRACE_DETACH, pid, 0, 0);
    return 0;
}

// Reading at an address that is not there: the answer tells whether reading is allowed.
static int read_memory(pid_t pid) {
    char byte;
    struct iovec local = {&byte, 1}, remote = {(void *)8, 1};
    process_vm_readv(pid, &local, 1, &remote, 1, 0);
    return errno == EFAULT ? 0 : done(-1, "process_vm_readv");
}

static int steal_descriptor(pid_t pid) {
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (process < 0) return done(-1, "pidfd_open");
    return done((int)syscall(SYS_pidfd_getfd, process, 0, 0), "pidfd_getfd");
}

static int uring(void) {
    struct io_uring_params parameters = {0};
    return done((int)syscall(SYS_io_uring_setup, 4, &parameters), "io_uring_setup");
}

static int own_key(void) {
    return done((int)syscall(SYS_add_key, "user", "capstep-test", "x", 1, -3), "add_key");
}

static int new_namespace(int how) {
    if (how == 0) return done(unshare(CLONE_NEWUSER), "unshare");
    if (how == 1) {
        int pid = (int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
        if (pid == 0) _exit(0);
        return done(pid, "clone");
    }
    struct { unsigned long long flags, pidfd, child, parent, signal, stack, size, tls; } arguments =
        {.flags = CLONE_NEWUSER, .signal = SIGCHLD};
    int pid = (int)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) _exit(0);
    return done(pid, "clone3");
}

static int mount_something(int fresh) {
    if (fresh && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) return done(-1, "unshare");
    if (!fresh && unshare(CLONE_NEWNS) < 0) return done(-1, "unshare");
    return done(mount("tmpfs", "/mnt", "tmpfs", 0, ""), "mount");
}

// The way out of old containers: opening a file of the same file system by its handle.
static int by_handle(const char *path, const char *mounted) {
    struct { struct file_handle handle; unsigned char bytes[128]; } named = {.handle.handle_bytes = 128};
    int id;
    if (name_to_handle_at(AT_FDCWD, path, &named.handle, &id, 0) < 0) return done(-1, "name_to_handle_at");
    int at = open(mounted, O_RDONLY);
    if (at < 0) return done(-1, mounted);
    return done(open_by_handle_at(at, &named.handle, O_RDONLY), "open_by_handle_at");
}

// Pushing a character into the input of a terminal.
static int terminal(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) {
        perror("posix_openpt");
        // Without a terminal, the call itself: not the filter says ENOTTY.
        return done(ioctl(0, TIOCSTI, "x"), "ioctl");
    }
    pid_t child = fork();
    if (child == 0) {
        setsid();
        int slave = open(ptsname(master), O_RDWR);
        _exit(done(slave < 0 ? -1 : ioctl(slave, TIOCSTI, "x"), "ioctl"));
    }
    int status;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static int forks(int wanted) {
    int made = 0;
    pid_t *children = calloc(wanted, sizeof *children);
    while (made < wanted) {
        pid_t child = fork();
        if (child < 0) break;
        if (child == 0) { pause(); _exit(0); }
        children[made++] = child;
    }
    int result = made == wanted ? 0 : done(-1, "fork");
    for (int i = 0; i < made; i++) kill(children[i], SIGKILL);
    return result;
}

static int opens(int wanted) {
    for (int i = 0; i < wanted; i++)
        if (open("/dev/null", O_RDONLY) < 0) return done(-1, "open");
    return 0;
}

static int large(const char *path, long size) {
    signal(SIGXFSZ, SIG_IGN);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    return done(ftruncate(file, size), path);
}

// A daemon, as daemons are made: two forks and a session of its own.
static int daemonize(const char *path, int seconds) {
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            int null = open("/dev/null", O_RDWR);
            for (int i = 0; i < 3; i++) dup2(null, i);
            signal(SIGTERM, SIG_IGN);
            signal(SIGHUP, SIG_IGN);
            sleep(seconds);
            _exit(write_file(path, "late"));
        }
        _exit(0);
    }
    wait(NULL);
    return 0;
}

static int dump_core(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CORE, &limit);
    unlink("core");
    pid_t child = fork();
    if (child == 0) abort();
    int status;
    waitpid(child, &status, 0);
    if (!WCOREDUMP(status)) errno = EPERM;
    return done(WCOREDUMP(status) ? 0 : -1, "core");
}

static int new_call(void) {
    errno = 0;
    syscall(470, -1, -1, -1, -1, -1, -1);
    return 0;
}

#ifdef __x86_64__
static int other_architecture(void) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
    return result > 0 ? 0 : done(-1, "int 0x80");
}

static int x32_call(void) {
    // Where the kernel has no x32, it says so; the filter ends the process before that.
    syscall(0x40000000 + SYS_getpid);
    return 0;
}
#else
static int other_architecture(void) { return 0; }
static int x32_call(void) { return 0; }
#endif

#define ACT(name) (strcmp(argv[1], name) == 0)

int main(int argc, char **argv) {
    const char *a = argc > 2 ? argv[2] : "", *b = argc > 3 ? argv[3] : "";
    if (argc < 2) return 2;
    if (ACT("read")) return read_file(a);
    if (ACT("write")) return write_file(a, "x");
    if (ACT("unix")) return unix_socket(a, 0, SOCK_STREAM);
    if (ACT("abstract")) return unix_socket(a, 1, SOCK_STREAM);
    if (ACT("pair")) return pair(a);
    if (ACT("tcp")) return tcp(a, b, 0);
    if (ACT("fast-open")) return tcp(a, b, 1);
    if (ACT("udp")) return udp(a, b);
    if (ACT("raw")) return sockets(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (ACT("packet")) return sockets(AF_PACKET, SOCK_RAW, 0);
    if (ACT("netlink")) return sockets(AF_NETLINK, SOCK_RAW, 0);
    if (ACT("vsock")) return sockets(AF_VSOCK, SOCK_STREAM, 0);
    if (ACT("mptcp")) return sockets(AF_INET, SOCK_STREAM, 262);
    if (ACT("inet")) return sockets(AF_INET, SOCK_STREAM, 0);
    if (ACT("ptrace")) return trace(atoi(a));
    if (ACT("memory")) return read_memory(atoi(a));
    if (ACT("pidfd")) return steal_descriptor(atoi(a));
    if (ACT("io_uring")) return uring();
    if (ACT("key")) return own_key();
    if (ACT("unshare")) return new_namespace(0);
    if (ACT("clone")) return new_namespace(1);
    if (ACT("clone3")) return new_namespace(2);
    if (ACT("mount")) return mount_something(0);
    if (ACT("mount-in-namespace")) return mount_something(1);
    if (ACT("handle")) return by_handle(a, b);
    if (ACT("kill")) return done(kill(atoi(a), SIGTERM), "kill");
    if (ACT("tiocsti")) return terminal();
    if (ACT("forks")) return forks(atoi(a));
    if (ACT("opens")) return opens(atoi(a));
    if (ACT("large")) return large(a, atol(b));
    if (ACT("daemon")) return daemonize(a, atoi(b));
    if (ACT("core")) return dump_core();
    if (ACT("personality")) return done(personality(READ_IMPLIES_EXEC), "personality");
    if (ACT("int80")) return other_architecture();
    if (ACT("x32")) return x32_call();
    if (ACT("new")) return new_call();
    if (ACT("chroot")) return done(chroot(a), "chroot");
    if (ACT("hostname")) { char name[256]; gethostname(name, 255); return done(sethostname(name, strlen(name)), "sethostname"); }
    if (ACT("device")) { unlink("device"); return done(mknod("device", S_IFCHR | 0600, makedev(1, 5)), "mknod"); }
    if (ACT("root")) { errno = EPERM; return done(geteuid() == 0 && seteuid(0) == 0 && chroot("/") == 0 ? 0 : -1, "root"); }
    if (ACT("chmod")) return done(chmod(a, 0777), a);
    if (ACT("times")) return done(utimensat(AT_FDCWD, a, NULL, 0), a);
    fprintf(stderr, "no such act: %s\n", argv[1]);
    return 2;
}
