"""What a hostile program may try, and what must come of it. Python unless said otherwise.

Each attack is (language, program, words that its output must contain, statuses it may end with). Programs report
with `held` that an attempt was refused, and with `BROKEN` that it got through.
"""

# ruff: noqa: E501 - the programs are quoted as they would be typed

from typing import NamedTuple


class Attack(NamedTuple):
    """One hostile program and its proper end."""

    program: str
    says: str = ""
    ends: tuple[str, ...] = ("ok",)
    language: str = "python"


TRY = """
import os, sys, errno, ctypes, signal, socket, time
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, call):
    try:
        got = call()
    except OSError as error:
        print('held', name, errno.errorcode.get(error.errno, error), flush=True)
    except Exception as error:
        print('held', name, error, flush=True)
    else:
        print('BROKEN', name, got, flush=True)
def put(path, text=b'1'):
    fd = os.open(path, os.O_WRONLY | (0 if os.path.exists(path) else os.O_CREAT))
    try: os.write(fd, text)
    finally: os.close(fd)
def call(number, *args):
    if libc.syscall(number, *args) < 0:
        raise OSError(ctypes.get_errno(), 'refused')
"""
THEN_ALIVE = "\nprint('alive')\n"

ATTACKS: dict[str, Attack] = {
    "X23 fork bomb": Attack(":(){ :|:& };:\nsleep 30", ends=("cpu_limit", "failed", "ok", "wall_limit"), language="bash"),
    "X23 fork bomb in python": Attack(
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", ends=("cpu_limit",)
    ),
    "X8 zombies": Attack("import os\nfor _ in range(29):\n    if os.fork() == 0: os._exit(0)\nprint('done')", says="done"),
    "X22 memory bomb": Attack("x = 'x' * 2\nwhile True: x += x", ends=("memory_limit",)),
    "X22 memory by mmap": Attack(
        "import mmap\nheld = []\nwhile True:\n    m = mmap.mmap(-1, 8 << 20); m.write(b'x' * (8 << 20)); held.append(m)",
        ends=("memory_limit",),
    ),
    "X22 deep recursion": Attack(
        "int f(int n) { volatile char block[4096]; block[n % 4096] = 1; return f(n + 1) + block[0]; }\n"
        "int main(void) { return f(0); }",
        ends=("failed", "memory_limit"),
        language="c",
    ),
    "X24 output flood": Attack("while True: print('x' * 60000)", ends=("output_limit",)),
    "X24 error flood": Attack("import os\nwhile True: os.write(2, b'y' * 60000)", ends=("output_limit",)),
    "X24 flood by many": Attack(
        "import os\nfor _ in range(4): os.fork()\nwhile True: os.write(1, b'y' * 60000)", ends=("output_limit",)
    ),
    "X25 endless small files": Attack(
        "n = 0\nwhile True:\n    open(f'/tmp/{n}', 'w').close(); n += 1",
        ends=("failed", "cpu_limit", "memory_limit"),
    ),
    "X25 deep folders": Attack(
        "import os\nfor _ in range(4000):\n    os.mkdir('d'); os.chdir('d')\nprint('deep')", says="deep"
    ),
    "X21 busy loop": Attack("while True: pass", ends=("cpu_limit",)),
    "X21 busy loop without pipes": Attack("import os\nfor n in (0, 1, 2): os.close(n)\nwhile True: pass", ends=("cpu_limit",)),
    "X21 busy loop that ignores signals": Attack(
        "import signal\nfor n in range(1, 64):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n"
        "while True: pass",
        ends=("cpu_limit",),
    ),
    "X20 stopping its own group": Attack("kill -19 0\nkill -19 -1\nsleep 60", ends=("wall_limit",), language="bash"),
    "X8 a child that outlives": Attack(
        "import os, time\nif os.fork():\n    print('parent'); os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\n"
        "for n in range(600):\n    time.sleep(0.1); print('still here', flush=True)",
        says="parent",
    ),
    "X8 many that outlive and loop": Attack(
        "import os\nfor _ in range(20):\n    if os.fork() == 0:\n        os.setsid()\n        while True: pass\nprint('parent')",
        says="parent",
    ),
    "X7 every signal to process 1": Attack(
        TRY + "for n in range(1, 65):\n    for target in (1, -1):\n        if target == 1 or n not in (9, 19):\n"
        "            try: signal.signal(n, signal.SIG_IGN)\n            except (OSError, ValueError): pass\n"
        "            try: os.kill(target, n)\n            except OSError: pass\ntime.sleep(0.1)" + THEN_ALIVE,
        says="alive",
        ends=("ok", "failed"),
    ),
    "X7 killing process 1": Attack("kill -9 1; kill -19 1; sleep 0.2; echo alive", says="alive", language="bash"),
    "X7 forging frames": Attack(
        TRY + "for name in ('fd', 'mem', 'environ', 'maps', 'cwd', 'root', 'exe', 'ns/net', 'map_files'):\n"
        "    path = f'/proc/1/{name}'\n"
        "    attempt(name, lambda: os.listdir(path) if name in ('fd', 'map_files') else open(path, 'rb').read())\n"
        "for n in range(8): attempt(f'fd {n}', lambda: put(f'/proc/1/fd/{n}', b'D' + bytes(4)))\n"
        "for name in ('oom_score_adj', 'comm', 'autogroup', 'timerslack_ns', 'coredump_filter', 'clear_refs', 'mem'):\n"
        "    attempt(name, lambda: put(f'/proc/1/{name}'))",
        says="held",
    ),
    "X7 limiting and slowing process 1": Attack(
        TRY + "import resource\n"
        "attempt('prlimit', lambda: resource.prlimit(1, resource.RLIMIT_CPU, (1, 1)))\n"
        "attempt('nice', lambda: os.setpriority(os.PRIO_PROCESS, 1, 19))\n"
        "attempt('nice of the user', lambda: os.setpriority(os.PRIO_USER, 0, 19))\n"
        "attempt('nice of the group', lambda: os.setpriority(os.PRIO_PGRP, 1, 19))\n"
        "attempt('idle', lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)))\n"
        "attempt('affinity', lambda: os.sched_setaffinity(1, {0}))\n"
        "attempt('ioprio', lambda: call(251, 1, 1, 3 << 13))\n"
        "attempt('pidfd_getfd', lambda: call(438, os.pidfd_open(1), 0, 0))",
        says="held",
    ),
    "X3 network": Attack(
        TRY + "def tcp(host, port):\n    socket.create_connection((host, port), 2)\n"
        "for host, port in (('1.1.1.1', 53), ('169.254.169.254', 80), ('10.0.0.1', 22), ('172.17.0.1', 80), ('::1', 22),\n"
        "                   ('localhost', 8000), ('example.com', 80)): attempt(host, lambda: tcp(host, port))\n"
        "udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "attempt('udp', lambda: udp.sendto(b'x', ('8.8.8.8', 53)))\n"
        "attempt('broadcast', lambda: udp.sendto(b'x', ('255.255.255.255', 53)))",
        says="held",
    ),
    "X6 foreign address families": Attack(
        TRY + "for family in [n for n in range(46) if n not in (1, 2, 10)]:\n"
        "    for kind in (1, 2, 3, 5): attempt(f'{family} {kind}', lambda: socket.socket(family, kind))\n"
        "attempt('raw', lambda: socket.socket(2, 3, 1))\nattempt('sctp', lambda: socket.socket(2, 1, 132))\n"
        "attempt('mptcp', lambda: socket.socket(2, 1, 262))\nattempt('ping', lambda: socket.socket(2, 2, 1))",
        says="held",
    ),
    "X3 sockets of the machine": Attack(
        TRY + "for path in ('/run/docker.sock', '/var/run/docker.sock', '/run/dbus/system_bus_socket', '/run/systemd/private'):\n"
        "    s = socket.socket(socket.AF_UNIX); attempt(path, lambda: s.connect(path))",
        says="held",
    ),
    "X3 reading the machine": Attack(
        TRY + "for path in ('/etc/shadow', '/etc/hostname', '/root', '/home', '/var', '/sys', '/boot', '/run', '/proc/kcore',\n"
        "    '/proc/kmsg', '/proc/cmdline', '/proc/kallsyms', '/dev/mem', '/dev/kmsg', '/dev/sda', '/dev/vda', '/dev/fuse', '/dev/kvm', '/opt', '/srv', '/mnt'):\n"
        "    attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read(1))",
        says="held",
    ),
    "X3 writing elsewhere": Attack(
        TRY + "import glob\n"
        "for path in ['/x', '/usr/x', '/usr/bin/x', '/etc/x', '/etc/passwd', '/dev/x', '/proc/sys/kernel/core_pattern',\n"
        "    '/proc/sysrq-trigger', '/proc/sys/vm/drop_caches', '/proc/sys/net/ipv4/ip_forward', '/usr/bin/python3.11',\n"
        "    *glob.glob('/cg/*/*')]:\n"
        "    attempt(path, lambda: put(path))",
        says="held",
    ),
    "X3 other processes": Attack(
        "import os\nseen = {int(n) for n in os.listdir('/proc') if n.isdigit()}\n"
        "print('held' if seen <= {1, os.getpid()} else f'BROKEN {seen}')",
        says="held",
    ),
    "X5 becoming somebody else": Attack(
        TRY + "attempt('setuid', lambda: os.setuid(0))\nattempt('setgid', lambda: os.setgid(0))\n"
        "attempt('setresuid', lambda: os.setresuid(0, 0, 0))\nattempt('setgroups', lambda: os.setgroups([0]))\n"
        "attempt('chown', lambda: (open('/tmp/f', 'w').close(), os.chown('/tmp/f', 0, 0)))\n"
        "attempt('mknod', lambda: os.mknod('/tmp/n', 0o20666, os.makedev(1, 1)))\n"
        "attempt('chroot', lambda: os.chroot('/tmp'))\nattempt('sethostname', lambda: socket.sethostname('x'))",
        says="held",
    ),
    "X5 programs with the set-user bit": Attack(
        "su -c id root </dev/null; mount -t tmpfs x /tmp; passwd -d root; newgrp root </dev/null\n"
        "cp /usr/bin/id /tmp/id; chmod 6755 /tmp/id; /tmp/id -u; [ $(id -u) = 1000 ] && echo held",
        says="held",
        language="bash",
    ),
    "X5 namespaces": Attack(
        TRY + "for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x80):\n"
        "    attempt(f'unshare {flag:x}', lambda: call(272, flag))\n"
        "    if flag != 0x80: attempt(f'clone {flag:x}', lambda: call(56, flag | 17, 0, 0, 0, 0))\n"
        "attempt('clone3', lambda: call(435, 0, 0))\n"
        "attempt('setns', lambda: call(308, os.open('/proc/self/ns/net', 0), 0))",
        says="held",
    ),
    "X6 system calls": Attack(
        TRY + "for name, number in dict(ptrace=101, mount=165, umount=166, pivot_root=155, swapon=167, reboot=169,\n"
        "    init_module=175, quotactl=179, kexec=246, add_key=248, request_key=249, keyctl=250, unshare=272, setns=308,\n"
        "    move_pages=279, perf=298, fanotify=300, open_by_handle=304, process_vm_readv=310, kcmp=312, finit=313,\n"
        "    seccomp=317, kexec_file=320, bpf=321, userfaultfd=323, io_uring_setup=425, io_uring_enter=426, open_tree=428,\n"
        "    fsopen=430, pidfd_getfd=438, mount_setattr=442, landlock=444, memfd_secret=447, shmget=29, msgget=68, semget=64,\n"
        "    mq_open=240, modify_ldt=154, personality=135, syslog=103, iopl=172, future=500, x32=0x40000000 + 39).items():\n"
        "    attempt(name, lambda: call(number, 0, 0, 0, 0, 0, 0))\n"
        "attempt('TIOCSTI', lambda: call(16, 0, 0x5412, b'x'))\nattempt('TIOCSTI', lambda: call(16, 0, 0xffffffff00005412, b'x'))",
        says="held",
    ),
    "X6 another architecture": Attack(
        'int main(void) { int r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(20)); return 0; }',
        ends=("failed",),
        language="c",
    ),
    "X6 huge pages and core files": Attack(
        TRY + "import mmap, resource\nattempt('mmap', lambda: mmap.mmap(-1, 2 << 20, flags=0x40022))\n"
        "attempt('memfd', lambda: os.memfd_create('x', 4))\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        "print('BROKEN' if resource.getrlimit(resource.RLIMIT_CORE) != (1, 1) else 'held core')",
        says="held core",
    ),
    "X7 tracing a sibling": Attack(
        TRY + "child = os.fork()\nif child == 0: time.sleep(5); os._exit(0)\n"
        "attempt('attach', lambda: call(101, 16, child, 0, 0))\nattempt('traceme', lambda: call(101, 0, 0, 0, 0))",
        says="held",
    ),
    "X22 shared memory": Attack(
        "n = 0\nheld = bytearray(100 << 20)\nwith open('/dev/shm/x', 'wb') as f:\n    while True: f.write(bytes(1 << 20))",
        ends=("memory_limit", "failed"),
    ),
    "X26 compiling the machine": Attack(
        '#include "/etc/shadow"\nint main(void) {}', ends=("compile_error",), language="c"
    ),
    "X26 a compiler bomb": Attack(
        "template<int N> struct F { typename F<N - 1>::t a; typename F<N - 1>::t b; using t = F; };\n"
        "template<> struct F<0> { using t = int; };\nint big[1LL << 40];\nint main() { F<800> f; }",
        ends=("compile_error", "memory_limit"),
        language="cpp",
    ),
}  # fmt: skip
