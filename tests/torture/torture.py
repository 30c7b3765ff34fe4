#!/usr/bin/env python3
"""Kills roles under load, at random and at failpoints, lets writes fail, and then counts: every acknowledged message is there, exactly
as often as its sender can explain; no UID ever changed its message; the store verifies.

A round runs the load, hurts the system in one way, lets it come to rest and checks everything promised since the first round."""
import argparse
import collections
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(TOP, 'tools', 'demo')]

from instance import UNLIMITED, Failure, Instance, free_port_base  # noqa: E402
from load import ERRORS, Load, sign_in, tokens  # noqa: E402

PEOPLE = ['anna', 'bert', 'chen', 'dora', 'emil', 'fang']
# Where a process dies (design: the crash walk), and which writes fail with which error.
KILL_POINTS = ['message_received', 'filter_sealed', 'pack_written', 'pack_synced', 'row_committed', 'reply_sent', 'filed', 'account_committed',
               'unref_sent', 'relay_sent', 'marks_committed']
FAIL_POINTS = ['pack_write', 'pack_sync', 'ledger_commit', 'pack_create']
QUIET_SECONDS = 60


class Torture:
    def __init__(self, options):
        self.options = options
        self.directory = tempfile.mkdtemp(prefix='letterlock-torture-', dir='/var/tmp')
        self.site = Instance(self.directory, free_port_base(), options.programs, options={'auth.password_policy': 'length', **UNLIMITED, 'relay.retry': ['1s', '1s', '2s', '4s']})
        self.users = [{'address': f'{n}@demo.test', 'password': f'Torture-{n}-2026!'} for n in PEOPLE]
        self.books = []
        self.kills = 0
        self.problems = []

    # ---- the system ----

    def prepare(self):
        self.site.setup()
        self.site.start()
        self.site.cli('domain', 'add', 'demo.test')
        for user in self.users:
            self.site.cli('user', 'add', user['address'], '--stdin', stdin=user['password'] + '\n')

    def processes(self):
        """pid -> role of the running roles."""
        parent = self.site.processes['letterlockd'].pid
        found = {}
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as f:
                    ppid = int(f.read().rsplit(')', 1)[1].split()[1])
                if ppid != parent:
                    continue
                with open(f'/proc/{pid}/cmdline', encoding='utf-8') as f:
                    role = re.search(r'--role=(\w+)', f.read())
            except OSError:
                continue
            if role:
                found[int(pid)] = role[1]
        return found

    def kill_one(self):
        roles = self.processes()
        if not roles:
            return
        wanted = random.choice(sorted(set(roles.values())))
        pid = random.choice([p for p, r in roles.items() if r == wanted])
        try:
            os.kill(pid, signal.SIGKILL)
            self.kills += 1
        except ProcessLookupError:
            pass

    def kill_all(self):
        """Everything at once, as a power cut that spares the page cache."""
        victims = list(self.processes()) + [self.site.processes['letterlockd'].pid]
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.kills += len(victims)
        self.site.processes.pop('letterlockd').wait()
        self.start_again()

    def start_again(self):
        end = time.monotonic() + 20
        while True:
            try:
                self.site.start_server()
                self.site.wait_ready(20)
                return
            except Failure:
                process = self.site.processes.pop('letterlockd', None)
                if process and process.poll() is None:
                    process.kill()
                    process.wait()
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def restart(self, faults=None):
        process = self.site.processes.pop('letterlockd')
        process.terminate()
        try:
            process.wait(20)
        except Exception:
            self.problems.append('the server did not stop within 20 s')
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if faults:
            os.environ['LETTERLOCK_FAULT'] = faults
        else:
            os.environ.pop('LETTERLOCK_FAULT', None)
        self.start_again()

    # ---- rounds ----

    def under_load(self, hurt, seconds):
        load = Load(self.site, self.users)
        self.books.append(load.book)
        load.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            hurt()
        load.stop()
        return load

    def round_random(self, seconds):
        def hurt():
            time.sleep(random.uniform(0.2, 0.8))
            self.kill_one()
        self.under_load(hurt, seconds)

    def round_all(self, seconds):
        def hurt():
            time.sleep(random.uniform(1, 2))
            self.kill_all()
        self.under_load(hurt, seconds)

    def round_fault(self, point, action, seconds):
        self.restart(f'{point}:{random.randint(2, 40)}:{action}')
        before = self.crashes()
        self.under_load(lambda: time.sleep(0.2), seconds)
        if action == 'kill':
            hits = self.crashes() - before
            self.kills += hits
            if hits == 0:
                print(f'  note: {point} was not reached')
        self.restart()

    def crashes(self):
        with open(self.site.path('log', 'letterlockd.log'), encoding='utf-8', errors='replace') as f:
            return sum('event=role.crash' in line for line in f)

    # ---- counting ----

    def copies(self):
        """(address, mailbox) -> token -> how many."""
        found = {}
        for user in self.users:
            client = self.signed_in(user)
            for mailbox in ('INBOX', 'Archive', 'Recovered'):
                if client.select(mailbox, readonly=True)[0] != 'OK':
                    continue
                validity = int(client.response('UIDVALIDITY')[1][0])
                place = 'Archive' if mailbox == 'Recovered' else mailbox
                counts = found.setdefault((user['address'], place), collections.Counter())
                for uid, token in tokens(client, '1:*'):
                    counts[token] += 1
                    self.books[-1].seen(user['address'], mailbox, validity, uid, token)
                self.check_status(client, user, mailbox)
            client.logout()
        return found

    def check_status(self, client, user, mailbox):
        uids = [int(u) for u in client.uid('SEARCH', None, 'ALL')[1][0].split()]
        status = client.status(mailbox, '(MESSAGES UIDNEXT)')[1][0].decode()
        messages, uidnext = int(re.search(r'MESSAGES (\d+)', status)[1]), int(re.search(r'UIDNEXT (\d+)', status)[1])
        if len(uids) != messages or len(set(uids)) != len(uids) or uids and max(uids) >= uidnext:
            self.problems.append(f"{user['address']}/{mailbox}: {len(uids)} UIDs, MESSAGES {messages}, UIDNEXT {uidnext}")

    def signed_in(self, user):
        end = time.monotonic() + QUIET_SECONDS
        while True:
            try:
                client = sign_in(self.load_like(), user)
                client.noop()
                return client
            except ERRORS:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def load_like(self):
        load = Load(self.site, self.users, sessions=0)
        return load

    def outside_counts(self):
        counts = collections.Counter()
        for folder, _, names in os.walk(os.path.realpath(self.site.path('outside'))):
            for name in names:
                with open(os.path.join(folder, name), 'rb') as f:
                    token = re.search(rb'^X-Token: ([0-9a-f]{32})', f.read(4000), re.M)
                if token:
                    counts[token[1].decode()] += 1
        return counts

    def wait_for_queue(self):
        """Until everything that was promised to the outside is there, or a minute passed."""
        wanted = {letter.token for book in self.books for letter in book.letters
                  if letter.acknowledged and any(m is None and a not in letter.refused for a, m in letter.targets)}
        end = time.monotonic() + QUIET_SECONDS
        while wanted - set(self.outside_counts()) and time.monotonic() < end:
            time.sleep(0.5)

    def check(self):
        self.wait_for_queue()
        outside = self.outside_counts()
        found = self.copies()
        for book in self.books:
            self.problems += book.conflicts
            book.conflicts = []
            for letter in book.letters:
                self.check_letter(letter, found, outside)
        code, result, text = self.site.cli('check', '--store', check=False)
        if code != 0:
            self.problems.append(f'check --store: exit {code}: {text.strip()[:300]} {str(result)[:500]}')

    def check_letter(self, letter, found, outside):
        for address, mailbox in letter.targets:
            acknowledged = letter.acknowledged and address not in letter.refused
            if mailbox is None:
                copies = outside[letter.token]
                # A crash between "accepted outside" and the mark sends once more: known and counted by the kills.
                most = 1 + letter.uncertain + self.kills
            else:
                mailboxes = mailbox if isinstance(mailbox, tuple) else (mailbox,)
                copies = sum(found.get((address, m), collections.Counter())[letter.token] for m in mailboxes)
                most = (1 if acknowledged and not letter.gone else 0) + letter.uncertain
            least = 1 if acknowledged and not letter.given_up else 0
            if not least <= copies <= most:
                self.problems.append(f'{letter.token} for {address}: {copies} copies, expected {least} to {most}')

    def report(self, name):
        total = collections.Counter()
        for book in self.books:
            total += book.counts
        print(f'{name}: {self.kills} kills so far, ' + ', '.join(f'{n} {what}' for what, n in sorted(total.items())), flush=True)
        return not self.problems


def plan(options):
    """The rounds, endless for a long run."""
    while True:
        yield 'random kills', lambda t: t.round_random(options.seconds)
        yield 'everything at once', lambda t: t.round_all(options.seconds)
        points = random.sample(KILL_POINTS, len(KILL_POINTS))
        for point in points:
            yield f'kill at {point}', lambda t, p=point: t.round_fault(p, 'kill', options.seconds / 2)
        for point in FAIL_POINTS:
            for action in ('enospc', 'eio'):
                yield f'{action} at {point}', lambda t, p=point, a=action: t.round_fault(p, a, options.seconds / 2)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--minutes', type=float, default=60)
    parser.add_argument('--kills', type=int, default=0, help='stop after so many kills and one pass of all rounds at least begun')
    parser.add_argument('--rounds', type=int, default=0, help='stop after so many rounds')
    parser.add_argument('--seconds', type=float, default=10, help='length of a round')
    parser.add_argument('--seed', type=int, default=int(time.time()))
    parser.add_argument('--programs', required=True)
    options = parser.parse_args()
    random.seed(options.seed)
    print(f'seed {options.seed}', flush=True)
    torture = Torture(options)
    end = time.monotonic() + options.minutes * 60
    good, rounds = True, 0
    try:
        torture.prepare()
        for name, run in plan(options):
            run(torture)
            torture.check()
            rounds += 1
            good = torture.report(name)
            enough = options.kills and torture.kills >= options.kills or options.rounds and rounds >= options.rounds
            if not good or enough or time.monotonic() > end:
                break
    finally:
        torture.site.stop()
    for problem in torture.problems[:40]:
        print('PROBLEM', problem)
    if good:
        shutil.rmtree(torture.directory, ignore_errors=True)
    else:
        print(f'{len(torture.problems)} problems; everything is kept in {torture.directory}')
    print(f'{rounds} rounds, {torture.kills} kills, {"all" if good else "NOT all"} promises kept')
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
