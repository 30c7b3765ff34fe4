"""./dev bench --web: the webmail and its JMAP beside Roundcube on Dovecot, the same letters, in turns, in one run."""
import json
import os
import re
import selectors
import statistics
import subprocess
import sys
import time
from datetime import datetime, timezone

from processes import cpu_seconds, wait_quiet
from roundcube import RoundcubeDovecot
from servers import PASSWORD, TOP, Failure, Letterlock, address, imap_sign_in

SCALE = {'mailbox': 100000, 'turns': 5, 'queries': 20, 'actions': 600}
QUICK = {'mailbox': 500, 'turns': 2, 'queries': 3, 'actions': 12}
SIZE = 4096
FETCHED = 500
PATIENCE_S = 900
STILL_S = 8  # an index that is built begins some seconds after the last arrival, and makes way for who works
DATE = re.compile(rb'INTERNALDATE "([^"]+)"')


class Webmail(Letterlock):
    kind = 'letterlock'

    def __init__(self, directory, programs):
        super().__init__(directory, programs)
        self.url = f'https://localhost:{self.instance.ports["https"]}/'


class Browser:
    """Chromium with one page of one webmail: bench/web.mjs."""

    def __init__(self, server):
        self.name = server.name
        self.child = subprocess.Popen(['node', os.path.join(TOP, 'bench', 'web.mjs'), server.kind, server.url, address('reader'), PASSWORD],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.child.stdout, selectors.EVENT_READ)

    def ask(self, *words):
        self.child.stdin.write((' '.join(map(str, words)) + '\n').encode())
        self.child.stdin.flush()
        if not self.selector.select(PATIENCE_S):
            raise Failure(f'{self.name}: {words[0]}: no answer')
        line = self.child.stdout.readline()
        answer = json.loads(line) if line else {'error': 'the browser has ended'}
        if 'error' in answer:
            raise Failure(f'{self.name}: {words[0]}: {answer["error"]}')
        return answer

    def end(self):
        try:
            self.child.stdin.write(b'end\n')
            self.child.stdin.close()
            self.child.wait(30)
        except (OSError, subprocess.TimeoutExpired):
            self.child.terminate()
            self.child.wait()


class Measured:
    """One server with its browser, and what was found."""

    def __init__(self, server):
        self.server, self.browser = server, Browser(server)
        self.results = {}

    def note(self, name, *values):
        self.results.setdefault(name, []).extend(values)
        print(f'  {self.server.name}: {name}: {", ".join(f"{v:.3g}" for v in values)}', file=sys.stderr, flush=True)

    def query(self, count):
        before = cpu_seconds(self.server.roots())
        answer = self.browser.ask('query', count)
        cpu = cpu_seconds(self.server.roots()) - before
        if answer['rows'] != 50:
            raise Failure(f'{self.server.name}: {answer["rows"]} rows instead of 50')
        self.note('query_ms', *answer['ms'])
        self.note('query_cpu_ms', 1000 * cpu / count)
        self.results['query_kb'] = [answer['bytes'] / 1000]

    def paint(self):
        before = cpu_seconds(self.server.roots())
        answer = self.browser.ask('paint')
        self.note('paint_cpu_ms', 1000 * (cpu_seconds(self.server.roots()) - before) / 2)  # two visits
        self.note('paint_usable_ms', answer['usable'])
        if answer.get('first') is not None:
            self.note('paint_first_ms', answer['first'])
        self.note('paint_kb', answer['bytes'] / 1000)
        self.note('paint_requests', answer['requests'])

    def heap(self, when):
        for name, value in self.browser.ask('heap').items():
            self.note(f'{name} {when}', value)

    def actions(self, first, count):
        for name, times in self.browser.ask('actions', first, count).items():
            self.note(f'action {name} ms', *times)


# ---- the letters ----

def fill(ours, load, count):
    load('smtp', ours.ports['smtp'], 20, count, SIZE, 0, address('reader'))
    end = time.monotonic() + PATIENCE_S
    while ours.stored(['reader']) < count:
        if time.monotonic() > end:
            raise Failure('the letters are not stored')
        time.sleep(0.5)


def letters_of(port):
    """(when it came, bytes) of every letter of `reader`, as the first server gives them."""
    with imap_sign_in(port, 'reader') as client:
        total = int(client.select('INBOX')[1][0])
        for first in range(1, total + 1, FETCHED):
            _, parts = client.fetch(f'{first}:{min(first + FETCHED - 1, total)}', '(INTERNALDATE BODY.PEEK[])')
            for part in parts:
                if isinstance(part, tuple):
                    came = datetime.strptime(DATE.search(part[0])[1].decode().strip(), '%d-%b-%Y %H:%M:%S %z')
                    yield int(came.timestamp()), part[1]


# ---- the whole ----

ROWS = [
    # row, measurement, digits
    ('list request, 50 rows, ms', 'query_ms', 1), ('the same, CPU of the server, ms', 'query_cpu_ms', 1), ('the same, KB before compression', 'query_kb', 0),
    ('cold cache: inbox usable, ms', 'paint_usable_ms', 0), ('cold cache: first contentful paint, ms', 'paint_first_ms', 0),
    ('cold cache: CPU of the server, ms', 'paint_cpu_ms', 0), ('cold cache: KB over the wire', 'paint_kb', 0), ('cold cache: requests', 'paint_requests', 0),
    *[(f'{what}, {when} of the actions', f'{name} {when}', 1) for name, what in (('heap_mb', 'JS heap, MB'), ('pss_mb', 'PSS of the renderer, MB'),
                                                                                ('nodes', 'DOM nodes')) for when in ('start', 'middle', 'end')],
    *[(f'action: {name}, ms', f'action {name} ms', 0) for name in ('open', 'next', 'archive', 'search', 'compose', 'back')],
]


def cell(values, digits):
    if not values:
        return '-'
    spread = f' ({min(values):.{digits}f} - {max(values):.{digits}f})' if len(values) > 1 else ''
    return f'{statistics.median(values):.{digits}f}{spread}'


def table(measured, scale, load_average):
    names = list(measured)
    when = datetime.now(timezone.utc).strftime('%d %B %Y, %H:%M UTC')
    lines = [f'{when}; load average {load_average} on {os.cpu_count()} cores; mailbox of {scale["mailbox"]} letters of 4 KB, {scale["actions"]} actions; median (least - most).',
             '', '| | ' + ' | '.join(names) + ' | ratio |', '|---|' + '---|' * (len(names) + 1)]
    for row, name, digits in ROWS:
        columns = [measured[one].get(name, []) for one in names]
        if not any(columns):
            continue
        ratio = '-'
        if len(columns) == 2 and all(columns) and statistics.median(columns[0]) > 0:
            ratio = f'{statistics.median(columns[1]) / statistics.median(columns[0]):.1f} x'
        lines.append(f'| {row} | ' + ' | '.join(cell(column, digits) for column in columns) + f' | {ratio} |')
    return '\n'.join(lines) + '\n'


def measure(sides, scale):
    for side in sides:
        side.browser.ask('signin')
        wait_quiet(side.server.roots(), PATIENCE_S, STILL_S)
        side.browser.ask('query', 2)  # caches are warm, as on a working day
    for _ in range(scale['turns']):
        for side in sides:
            side.query(scale['queries'])
        for side in sides:
            side.paint()
    for side in sides:
        half = scale['actions'] // 2
        side.heap('start')
        side.actions(0, half)
        side.heap('middle')
        side.actions(half, scale['actions'] - half)
        side.heap('end')


def run(base, programs, quick, load):
    """The results of both, by name, and the table."""
    scale = QUICK if quick else SCALE
    ours = Webmail(os.path.join(base, 'letterlock'), programs)
    theirs = RoundcubeDovecot(os.path.join(base, 'others'), os.path.join(base, 'letterlock', 'tls', 'server'))
    sides, started = [], []
    try:
        ours.start()
        started.append(ours)
        fill(ours, load, scale['mailbox'])
        theirs.start()
        started.append(theirs)
        theirs.fill(letters_of(ours.ports['imaps']))
        sides = [Measured(ours), Measured(theirs)]
        measure(sides, scale)
    finally:
        for side in sides:
            side.browser.end()
        for server in reversed(started):
            server.stop()
        results = {side.server.name: side.results for side in sides}
        if any(results.values()):
            text = table(results, scale, '%.1f' % os.getloadavg()[1])
            out = os.path.join(TOP, 'build', 'bench')
            with open(os.path.join(out, 'web.md'), 'w', encoding='utf-8') as f:
                f.write(text)
            with open(os.path.join(out, 'web.json'), 'w', encoding='utf-8') as f:
                json.dump({'scale': scale, 'results': results}, f, indent=1)
            print(text)
