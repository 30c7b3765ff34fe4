#!/usr/bin/python3
"""./dev demo: a complete local mail system in one directory."""
import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is loaded, there is nothing to stop
import argparse
import fcntl
import imaplib
import json
import os
import shutil
import smtplib
import sys
import threading
import time
import webbrowser

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import selftest
from desk import Desk, web_options
from instance import DEMO_LIMITS, MARKER, STOPS, Account, Failure, Instance
from people import DOMAIN, HOSTNAME
from seed import Seeder

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def stop_on_signals(instance):
    """SIGINT and SIGTERM end everything in order, whatever we are doing. Nothing is raised: an exception in the middle of subprocess.wait()
    would leave its lock taken for ever."""
    def on_signal(signo, frame):
        for each in STOPS:
            signal.signal(each, signal.SIG_IGN)
        instance.stop()
        sys.stdout.flush()
        os._exit(0)

    for signo in STOPS:
        signal.signal(signo, on_signal)


def options():
    parser = argparse.ArgumentParser(prog='./dev demo', description='A complete local mail system: server, outside world, people, letters.')
    parser.add_argument('--dir', default=None, help='directory of everything (./demo; as root /var/lib/letterlock-demo)')
    parser.add_argument('--port-base', type=int, default=10000, metavar='N', help='SMTP on N+25, IMAPS on N+993 and so on (10000)')
    parser.add_argument('--fresh', action='store_true', help='begin anew: deletes the directory, if a demo made it')
    parser.add_argument('--no-browser', '--no-open', action='store_true', help='open no browser; the address is printed all the same')
    parser.add_argument('--selftest', action='store_true', help='check everything once, then stop')
    parser.add_argument('--programs', default=os.path.join(TOP, 'build/release/src/cmd'), help=argparse.SUPPRESS)
    return parser.parse_args()


def is_empty_or_missing(directory):
    return not os.path.lexists(directory) or (os.path.isdir(directory) and not os.listdir(directory))


def state_of(directory):
    """What a former run left: None for a directory that is no demo."""
    try:
        with open(os.path.join(directory, MARKER), encoding='utf-8') as f:
            return json.load(f)
    except (OSError, ValueError):
        return None


def remove(directory):
    if os.path.islink(directory):
        real = os.path.realpath(directory)
        os.unlink(directory)
        directory = real
    run = os.path.join(directory, 'run')
    if os.path.islink(run):
        shutil.rmtree(os.path.realpath(run), ignore_errors=True)
    shutil.rmtree(directory)


def lock(directory):
    """One demo in one directory: held until we end."""
    held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise Failure(f'a demo runs in {directory} already; stop it, or choose another --dir and --port-base') from None
    return held


def clear(directory, fresh):
    """Removes what must not stay; returns the state to go on with."""
    if is_empty_or_missing(directory):
        return None
    state = state_of(directory)
    if state is None:
        raise Failure(f'{directory} was not made by the demo (no {MARKER}): nothing was touched')
    held = lock(directory)
    if fresh or not state.get('users'):
        remove(directory)
        state = None
    os.close(held)
    return state


def mark(instance, users, staff):
    instance.write(MARKER, json.dumps({'made_by': 'letterlock demo', 'users': users, 'staff': staff}, ensure_ascii=False))


def write_json(instance, users, staff):
    ports = {**instance.ports, 'outside': instance.outside_port, 'desk': instance.desk_port}
    instance.write('demo.json', json.dumps({
        'domain': DOMAIN, 'hostname': HOSTNAME, 'ports': ports, 'ca_file': instance.path('ca.pem'), 'config': instance.path('letterlock.yaml'),
        'outside_dir': instance.path('outside'), 'users': users, 'staff': staff}, ensure_ascii=False, indent=1) + '\n')


def open_browser(url):
    """In the person's own browser, where there is a screen."""
    if os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY'):
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def show(instance, users, url):
    p = instance.ports
    hosts = '127.0.0.1 and ::1' if instance.ipv6 else '127.0.0.1'
    print(f'Letterlock demo: {HOSTNAME} on {hosts}; CA certificate {instance.path("ca.pem")}')
    print(f'Web: {url}')
    print(f'     signs in as {users[1]["name"]}, once, within a minute; afterwards http://localhost:{p["http"]}/ , everybody: http://localhost:{instance.desk_port}/')
    print(f'smtp {p["smtp"]}  submission {p["submission"]} (STARTTLS)  submissions {p["submissions"]} (TLS)')
    print(f'imap {p["imap"]} (STARTTLS)  imaps {p["imaps"]} (TLS)  pop3 {p["pop3"]} (STARTTLS)  pop3s {p["pop3s"]} (TLS)  managesieve {p["managesieve"]} (STARTTLS)')
    for user in users[:7]:
        print(f'  {user["address"]:26} {user["password"]}  {user["name"]}, {user["department"]}')
    print(f'Directory {instance.directory}: demo.json (accounts), log/, outside/ (mail that left). Ctrl-C stops; the same command starts again, --fresh from the beginning.')
    print(f'Administration: LETTERLOCK_SESSION={instance.path("session")} {instance.program("letterlock")} --config {instance.path("letterlock.yaml")} help; https://127.0.0.1:{p["management"]}/api/v1/')


def watch(instance):
    while True:
        instance.check_alive()
        time.sleep(0.5)


def take(instance, state):
    """Makes the directory, marks it as ours, locks it: all or, when somebody stops us, nothing."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        instance.prepare()
        if state is None:
            mark(instance, [], [])
        return lock(instance.directory)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run(args):
    given = args.dir and os.path.join(os.environ.get('DEV_FROM', '.'), args.dir)
    directory = os.path.abspath(given or ('/var/lib/letterlock-demo' if os.getuid() == 0 else os.path.join(TOP, 'demo')))
    instance = Instance(directory, args.port_base, args.programs, Account(), options=dict(DEMO_LIMITS))
    instance.options.update(web_options(instance.ports['http'], Desk.persona_rows(instance.desk_port)))
    stop_on_signals(instance)
    state = clear(directory, args.fresh)
    instance.check_ports()
    held = take(instance, state)
    try:
        instance.setup()
        instance.start()
        if state is None:
            seeder = Seeder(instance, languages=True)
            seeder.run()
            state = {'users': seeder.users, 'staff': seeder.staff}
            mark(instance, state['users'], state['staff'])
        users = state['users']
        write_json(instance, users, state['staff'])
        desk = Desk(instance, instance.desk_port, users + state['staff'])
        desk.start()
        url = desk.link(users[1]['address'].partition('@')[0])
        show(instance, users, url)
        print('ready', flush=True)
        if not args.no_browser and not args.selftest:
            open_browser(url)
        if args.selftest:
            return selftest.run(instance, users)
        watch(instance)
    finally:
        for signo in STOPS:
            signal.signal(signo, signal.SIG_IGN)
        instance.stop()
        os.close(held)
    return 0


def main():
    sys.stdout.reconfigure(errors='replace')  # names, on a terminal that cannot show them
    try:
        return run(options())
    except Failure as failure:
        print(f'demo: {failure}', file=sys.stderr)
    except (OSError, imaplib.IMAP4.error, smtplib.SMTPException) as error:
        print(f'demo: {type(error).__name__}: {error}', file=sys.stderr)
    return 1


sys.exit(main())
