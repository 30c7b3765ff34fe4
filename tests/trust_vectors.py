#!/usr/bin/python3
"""Runs DKIM and ARC on what others published: trust_vectors.py TRUST_DUMP [VECTORS].

VECTORS is ../shared/vectors beside the source tree unless told; what is not there is skipped. Keys stand in the vectors, nothing is asked.
"""
import glob
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
NOW = '1700000000'
# The suites' chain that somebody has sealed as failed: they expect no status at all, we say what it is.
SEALED_AS_FAILED = ''


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def check(self, name, ok, detail=''):
        self.count += 1
        self.failed += not ok
        print('%s %d - %s' % ('ok' if ok else 'not ok', self.count, name))
        if not ok:
            print('# ' + str(detail).replace('\n', '\n# '))

    def skip(self, name, why):
        self.count += 1
        print('ok %d - %s # SKIP %s' % (self.count, name, why))


def run(dump, command, message, keys, now, *rest):
    """CRLF as on the wire; the message and the keys as files."""
    with tempfile.TemporaryDirectory() as d:
        with open(d + '/message', 'wb') as f:
            f.write(message.replace(b'\r\n', b'\n').replace(b'\n', b'\r\n'))
        with open(d + '/keys', 'w', encoding='utf-8') as f:
            f.writelines('%s %s\n' % (name, ''.join(text.split('\n'))) for name, text in keys)
        done = subprocess.run([dump, command, d + '/message', d + '/keys', now, *rest], stdout=subprocess.PIPE, check=True, timeout=60)
    return done.stdout.decode('utf-8', 'replace')


def sample(path):
    """Lines of keys, an empty line, the message."""
    with open(path, 'rb') as f:
        head, message = f.read().replace(b'\r\n', b'\n').split(b'\n\n', 1)
    return [line.split(' ', 1) for line in head.decode().splitlines()], message


def dkim_samples(tap, dump, folder):
    for path in sorted(glob.glob(folder + '/0*.txt')):
        keys, message = sample(path)
        # Some carry an expiry: the time of the check is that of the newest signature.
        out = run(dump, 'dkim', message, keys, '1667850000').splitlines()
        results = [line.split('\t') for line in out]
        known = {tuple(name.split('._domainkey.')) for name, _ in keys}
        ours = [r for r in results if (r[2], r[1]) in known]
        tap.check('dkim sample ' + os.path.basename(path), ours and any(r[0] == 'pass' for r in ours), out)
        changed = run(dump, 'dkim', message + b'changed\n', keys, '1667850000')
        tap.check('dkim sample %s, changed' % os.path.basename(path), 'pass' not in [line.split('\t')[0] for line in changed.splitlines()],
                changed)


def arc_samples(tap, dump, folder):
    for path in sorted(glob.glob(folder + '/0*.txt')):
        keys, message = sample(path)
        out = run(dump, 'arc', message, keys, NOW)
        tap.check('arc sample ' + os.path.basename(path), out.startswith('pass\t'), out)


def scenarios(path):
    import yaml
    with open(path, 'rb') as f:
        return [s for s in yaml.safe_load_all(f) if s]


def arc_validation(tap, dump, path):
    for s in scenarios(path):
        for name, test in s['tests'].items():
            out = run(dump, 'arc', test['message'].encode(), s['txt-records'].items(), NOW).split('\t')
            wanted = test['cv'].lower()
            tap.check('arc validation ' + name, out[0] == wanted or (wanted == SEALED_AS_FAILED and out[0] == 'fail'), out)


def tags(text):
    return set(''.join(text.split()).strip(';').split(';'))


def fields(text):
    found = {}
    for line in text.replace('\r\n', '\n').replace('\n\t', ' ').replace('\n ', ' ').splitlines():
        name, value = line.split(':', 1)
        found[name.lower()] = tags(value)
    return found


def arc_signing(tap, dump, path):
    for s in scenarios(path):
        with tempfile.NamedTemporaryFile('w') as pem:
            pem.write(s['privatekey'])
            pem.flush()
            for name, test in s['tests'].items():
                out = run(dump, 'seal', test['message'].encode(), s['txt-records'].items(), str(test['t']), pem.name, s['domain'], s['sel'],
                          test['srv-id'], test['sig-headers'])
                ours = fields(out)
                wanted = {'arc-seal': test['AS'], 'arc-message-signature': test['AMS'], 'arc-authentication-results': test['AAR']}
                wanted = {k: tags(v) for k, v in wanted.items() if v}
                tap.check('arc signing ' + name, ours == wanted, 'ours %r\nwanted %r' % (ours, wanted))


def main():
    dump = sys.argv[1]
    root = sys.argv[2] if len(sys.argv) > 2 else os.path.join(HERE, '..', '..', 'shared', 'vectors')
    tap = Tap()
    for name, check in (('dkim', dkim_samples), ('arc', arc_samples), ('arc/arc-draft-validation-tests.yml', arc_validation),
                        ('arc/arc-draft-sign-tests.yml', arc_signing)):
        path = os.path.join(root, name)
        if not os.path.exists(path):
            tap.skip(name, 'no ' + path)
            continue
        try:
            check(tap, dump, path)
        except ImportError as e:
            tap.skip(name, str(e))
    print('1..%d' % tap.count)
    return 1 if tap.failed else 0


sys.exit(main())
