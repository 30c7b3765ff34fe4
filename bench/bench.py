#!/usr/bin/python3
"""./dev bench: the same load on Letterlock and on Postfix with Dovecot, one after the other, on this machine, in one run."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import letters
import web
from processes import SyncCounter, cpu_seconds, pss_kb, wait_quiet
from servers import PASSWORD, TOP, USERS, Failure, Letterlock, PostfixDovecot, PostfixRspamd, address, remove

OUT = os.path.join(TOP, 'build', 'bench')
LOAD = os.path.join(OUT, 'load')
SESSIONS = 20
SMALL, LARGE = 4096, 75 * 1024


def build_load():
    os.makedirs(OUT, exist_ok=True)
    source = os.path.join(TOP, 'bench', 'load.c')
    if not os.path.exists(LOAD) or os.path.getmtime(LOAD) < os.path.getmtime(source):
        subprocess.run(['gcc', '-O2', '-Wall', '-Wextra', '-std=gnu17', '-D_GNU_SOURCE', source, '-o', LOAD, '-lssl', '-lcrypto', '-lpthread'], check=True)


def load(*args):
    done = subprocess.run([LOAD, *map(str, args)], capture_output=True, text=True, timeout=1800, check=False)
    if done.returncode != 0:
        raise Failure(f'load {" ".join(map(str, args[:6]))}: {done.stderr.strip()} {done.stdout.strip()}')
    return json.loads(done.stdout)


class Run:
    """All measurements of one server."""

    def __init__(self, server, scale, runs):
        self.server, self.scale, self.runs = server, scale, runs
        self.number = 0
        self.expected = {}
        self.results = {}

    def note(self, name, values):
        self.results.setdefault(name, []).append(values)
        print(f'  {self.server.name}: {name}: {values if isinstance(values, (int, float)) else json.dumps(values)}', file=sys.stderr, flush=True)

    # ---- delivery ----

    def wait_stored(self, users, total):
        end = time.monotonic() + 600
        while self.server.stored(users) < total:
            if time.monotonic() > end:
                raise Failure(f'only {self.server.stored(users)} of {total} messages are stored')
            time.sleep(0.05)

    def push(self, users, count, size, folder=None):
        """Letters of that size, or with a folder the ones that lie in it."""
        kind = ['letters', folder] if folder else ['smtp']
        done = load(*kind, self.server.ports['smtp'], SESSIONS, count, letters.COUNT if folder else size, self.number, *map(address, users))
        self.number += count
        key = tuple(users)
        self.expected[key] = self.expected.get(key, 0) + count
        return done['seconds']

    def deliver(self, name, count, size, folder=None):
        """Messages per second until all are in their mailboxes, CPU per message until then, and with what follows in the background."""
        roots = self.server.roots()
        wait_quiet(roots)
        before, begin = cpu_seconds(roots), time.monotonic()
        accepted = self.push(USERS, count, size, folder)
        cpu_accepted = cpu_seconds(roots) - before
        self.wait_stored(USERS, self.expected[tuple(USERS)])
        stored = time.monotonic() - begin
        cpu_stored = cpu_seconds(roots) - before
        wait_quiet(roots)
        cpu_all = cpu_seconds(roots) - before
        self.note(name, {'per_cpu_s': round(count / cpu_stored, 1), 'accepted_per_s': round(count / accepted, 1), 'stored_per_s': round(count / stored, 1),
                         'cpu_ms_accepted': round(1000 * cpu_accepted / count, 4), 'cpu_ms_stored': round(1000 * cpu_stored / count, 4),
                         'cpu_ms_with_background': round(1000 * cpu_all / count, 4)})

    def count_syncs(self, count):
        roots = self.server.roots()
        counter = SyncCounter(roots, os.path.join(OUT, 'syncs.out'))
        self.push(USERS, count, SMALL)
        self.wait_stored(USERS, self.expected[tuple(USERS)])
        self.note('fsyncs per message, 20 sessions', round(counter.stop() / count, 3))

    # ---- reading ----

    def fill(self):
        self.push(['reader'], self.scale['mailbox'], SMALL)
        self.push(['bodies'], self.scale['bodies'], LARGE)
        self.wait_stored(['reader'], self.scale['mailbox'])
        self.wait_stored(['bodies'], self.scale['bodies'])
        # Somebody is signed in, as people are: Letterlock indexes only then.
        with self.server.signed_in('reader'):
            time.sleep(5)
            wait_quiet(self.server.roots(), 600)

    def command(self, name, user, command):
        """The first run apart (nothing is cached), then the median of the others counts."""
        roots = self.server.roots()
        before = cpu_seconds(roots)
        runs = load('imap', self.server.ports['imaps'], address(user), PASSWORD, 'INBOX', self.runs + 1, command)['runs']
        cpu = cpu_seconds(roots) - before
        for one in runs[1:]:
            self.note(name, {'ms': round(1000 * one['seconds'], 2), 'MB_per_s': round(one['bytes'] / one['seconds'] / 1e6, 1)})
        self.results[name][0]['first_ms'] = round(1000 * runs[0]['seconds'], 2)
        self.results[name][0]['cpu_ms'] = round(1000 * cpu / len(runs), 2)

    def idle(self, count):
        roots = self.server.roots()
        people = [x for user in USERS for x in (address(user), PASSWORD)]
        wait_quiet(roots)
        before = pss_kb(roots)
        with subprocess.Popen([LOAD, 'idle', str(self.server.ports['imaps']), str(count), 'INBOX', *people], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as held:
            if 'open' not in held.stdout.readline():
                raise Failure('the idle sessions could not be opened')
            time.sleep(10)
            after = pss_kb(roots)
            held.stdin.close()
        self.note('KB PSS per idle TLS session', round((after - before) / count, 1))

    def all(self, only):
        parts = {
            'deliver-4k': lambda: [self.deliver('delivery, 4 KB', self.scale['small'], SMALL) for _ in range(self.runs)],
            'deliver-75k': lambda: [self.deliver('delivery, 75 KB', self.scale['large'], LARGE) for _ in range(self.runs)],
            'fsync': lambda: self.count_syncs(self.scale['small'] // 2),
            'idle': lambda: self.idle(self.scale['idle']),
            'envelope': lambda: self.command('FETCH ENVELOPE', 'reader', 'FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)'),
            'list': lambda: self.command('FETCH FLAGS', 'reader', 'UID FETCH 1:* (FLAGS)'),
            'search': lambda: self.command('SEARCH BODY', 'reader', 'SEARCH BODY xylophone'),
            'bodies': lambda: self.command('all bodies over TLS', 'bodies', 'FETCH 1:* BODY.PEEK[]'),
        }
        chosen = [p for p in parts if not only or p in only]
        if set(chosen) & {'envelope', 'list', 'search', 'bodies'}:
            self.fill()
        for part in chosen:
            parts[part]()


# ---- the table ----

ROWS = [
    # row, measurement, key, more is better, target ratio or value
    ('accepted, 4 KB, messages/s', 'delivery, 4 KB', 'accepted_per_s', True, ''),
    ('delivered, 4 KB, messages/s', 'delivery, 4 KB', 'stored_per_s', True, ''),
    ('CPU ms per delivered 4 KB message', 'delivery, 4 KB', 'cpu_ms_stored', False, '10 x, 0.5 ms'),
    ('CPU ms per 4 KB message with background work', 'delivery, 4 KB', 'cpu_ms_with_background', False, ''),
    ('judged 4 KB letters from outside, delivered/s', 'judged, 4 KB', 'stored_per_s', True, ''),
    ('judged 4 KB letters per CPU second', 'judged, 4 KB', 'per_cpu_s', True, '5 x'),
    ('delivered, 75 KB, messages/s', 'delivery, 75 KB', 'stored_per_s', True, ''),
    ('CPU ms per delivered 75 KB message', 'delivery, 75 KB', 'cpu_ms_stored', False, ''),
    ('fsyncs per message, 20 sessions', 'fsyncs per message, 20 sessions', None, False, 'under 0.5'),
    ('FETCH ENVELOPE of the mailbox, ms', 'FETCH ENVELOPE', 'ms', False, '4 x'),
    ('UID FETCH FLAGS of the mailbox, ms', 'FETCH FLAGS', 'ms', False, '4 x'),
    ('all bodies over TLS, MB/s', 'all bodies over TLS', 'MB_per_s', True, '2 x'),
    ('SEARCH BODY, ms', 'SEARCH BODY', 'ms', False, '100 x'),
    ('KB PSS per idle TLS session', 'KB PSS per idle TLS session', None, False, 'under 25'),
    ('CPU us per record of the audit log', 'audit append', None, False, 'under 20'),
]


def values_of(results, measurement, key):
    return [v if key is None else v[key] for v in results.get(measurement, [])]


def cell(values):
    if not values:
        return '-'
    spread = '' if len(values) < 2 else f' ({min(values):g} - {max(values):g})'
    return f'{statistics.median(values):g}{spread}'


def table(all_results, scale):
    names = list(all_results)
    lines = [f'{os.cpu_count()} cores; {SESSIONS} sessions; mailbox of {scale["mailbox"]} messages of 4 KB, {scale["bodies"]} bodies of 75 KB; median (spread).', '',
             '| | ' + ' | '.join(names) + ' | ratio | target |', '|---|' + '---|' * (len(names) + 2)]
    for row, measurement, key, more, target in ROWS:
        columns = [values_of(all_results[name], measurement, key) for name in names]
        if not any(columns):
            continue
        ratio = '-'
        if len(columns) == 2 and all(columns) and all(statistics.median(c) for c in columns):
            ours, theirs = statistics.median(columns[0]), statistics.median(columns[1])
            ratio = f'{ours / theirs if more else theirs / ours:.1f} x'
        lines.append(f'| {row} | ' + ' | '.join(cell(c) for c in columns) + f' | {ratio} | {target} |')
    return '\n'.join(lines) + '\n'


def audit_append(only):
    """CPU of one record from its event to the disk, in groups as they form under load; only we have such a log."""
    program = os.path.join(TOP, 'build/release/src/audit/bench_audit')
    if only and 'audit' not in only:
        return {}
    subprocess.run(['ninja', '-C', os.path.join(TOP, 'build/release'), 'src/audit/bench_audit'], check=True, capture_output=True)
    done = subprocess.run([program, '100000', '50'], capture_output=True, text=True, check=True)
    return {'audit append': [float(done.stdout.split(':')[1].split()[0])]}


def measure(server, scale, runs, only):
    run = Run(server, scale, runs)
    try:
        server.start()
        run.all(only)
    finally:
        server.stop()
    return run.results


def judged(base, programs, scale, runs):
    """Letters from outside, with every local check on: the filter of each server does what it does by default."""
    folder = os.path.join(base, 'letters')
    records = letters.make(folder, address(USERS[0]))
    zone = os.path.join(base, 'zone')
    letters.write_zone(zone, records)
    results = {}
    for make in (lambda: Letterlock(os.path.join(base, 'judging'), programs, zone),
                 lambda: PostfixRspamd(os.path.join(base, 'rspamd'), os.path.join(base, 'judging', 'tls', 'server'), letters.NameServer(records).port)):
        server = make()
        run = Run(server, scale, runs)
        try:
            server.start()
            for _ in range(runs):
                run.deliver('judged, 4 KB', scale['small'], SMALL, folder)
        finally:
            server.stop()
        results[server.name] = run.results
    return results


def main():
    parser = argparse.ArgumentParser(prog='./dev bench')
    parser.add_argument('--quick', action='store_true', help='small numbers, one run: shows that it works')
    parser.add_argument('--only-letterlock', action='store_true', help='without Postfix and Dovecot')
    parser.add_argument('--judged', action='store_true', help='only judging: Letterlock against Postfix with Rspamd')
    parser.add_argument('--web', action='store_true', help='only the webmail and its JMAP, beside Roundcube on Dovecot, in Chromium')
    parser.add_argument('--keep', metavar='DIR', help='work in DIR, which is made, and leave it there: logs and data of the servers')
    parser.add_argument('--programs', default=os.path.join(TOP, 'build/release/src/cmd'), help=argparse.SUPPRESS)
    parser.add_argument('names', nargs='*', help='deliver-4k deliver-75k fsync idle envelope list search bodies audit; all when none is named')
    args = parser.parse_args()
    scale = {'small': 500, 'large': 100, 'mailbox': 1000, 'bodies': 100, 'idle': 50} if args.quick else \
            {'small': 4000, 'large': 1000, 'mailbox': 10000, 'bodies': 2000, 'idle': 1000}
    runs = 1 if args.quick else 3
    build_load()
    if args.keep:
        base = os.path.join(os.environ.get('DEV_FROM', os.getcwd()), args.keep)
        os.makedirs(base)
    else:
        base = tempfile.mkdtemp(prefix='letterlock-bench-', dir='/var/tmp')
    os.chmod(base, 0o755)
    results = {}
    try:
        if args.web:
            web.run(base, args.programs, args.quick, load)
            return 0
        if args.judged:
            results = judged(base, args.programs, scale, runs)
            return 0
        ours = Letterlock(os.path.join(base, 'letterlock'), args.programs)
        results[ours.name] = {**measure(ours, scale, runs, args.names), **audit_append(args.names)}
        if not args.only_letterlock:
            theirs = PostfixDovecot(os.path.join(base, 'others'), os.path.join(base, 'letterlock', 'tls', 'server'))
            results[theirs.name] = measure(theirs, scale, runs, args.names)
    finally:
        keep(results, scale)
        if not args.keep:
            remove(base)
    return 0


def keep(results, scale):
    if not results:
        return
    text = table(results, scale)
    with open(os.path.join(OUT, 'results.md'), 'w', encoding='utf-8') as f:
        f.write(text)
    with open(os.path.join(OUT, 'results.json'), 'w', encoding='utf-8') as f:
        json.dump({'scale': scale, 'results': results}, f, indent=1)
    print(text)


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (Failure, RuntimeError) as failure:
        print(f'bench: {failure}', file=sys.stderr)
        sys.exit(1)
