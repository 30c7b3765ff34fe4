"""What a tree of processes costs, from /proc."""
import os
import signal
import subprocess
import time

TICK = os.sysconf('SC_CLK_TCK')


def table():
    """pid -> (ppid, user+system+children's seconds)."""
    rows = {}
    for name in os.listdir('/proc'):
        if not name.isdigit():
            continue
        try:
            with open(f'/proc/{name}/stat', encoding='utf-8', errors='replace') as f:
                fields = f.read().rpartition(')')[2].split()
        except OSError:
            continue
        rows[int(name)] = (int(fields[1]), sum(int(x) for x in fields[11:15]) / TICK)
    return rows


def tree(root):
    """The pids of root and all below it."""
    rows, found = table(), [root]
    for pid in found:
        found += [p for p, (parent, _) in rows.items() if parent == pid]
    return [p for p in found if p in rows]


def cpu_seconds(roots):
    """CPU seconds of the trees, those of ended children included."""
    rows = table()
    return sum(rows[pid][1] for root in roots for pid in tree(root) if pid in rows)


def pss_kb(roots):
    total = 0
    for root in roots:
        for pid in tree(root):
            try:
                with open(f'/proc/{pid}/smaps_rollup', encoding='utf-8') as f:
                    total += sum(int(line.split()[1]) for line in f if line.startswith('Pss:'))
            except OSError:
                pass
    return total


def wait_quiet(roots, seconds=120, still=1):
    """Until the trees use less than 2 % of a core for so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = cpu_seconds(roots)
        time.sleep(still)
        if cpu_seconds(roots) - before < 0.02 * still:
            return
    raise RuntimeError('the server does not come to rest')


class SyncCounter:
    """Counts fsync and fdatasync calls of the trees: tracepoints, because strace would slow the servers down and so change their groups."""

    def __init__(self, roots, path):
        self.path = path
        pids = ','.join(str(pid) for root in roots for pid in tree(root))
        self.perf = subprocess.Popen(['perf', 'stat', '-x', ',', '-o', path, '-e', 'syscalls:sys_enter_fsync,syscalls:sys_enter_fdatasync', '-p', pids],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(1.5)

    def stop(self):
        self.perf.send_signal(signal.SIGINT)
        self.perf.wait()
        with open(self.path, encoding='utf-8', errors='replace') as f:
            return sum(int(line.split(',')[0]) for line in f if 'sys_enter_' in line and line[0].isdigit())
