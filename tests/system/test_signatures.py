"""Signature files of our own for clamd, carried by hand: signed by the pinned key, never older than what is there, with an alarm when they age."""
import base64
import hashlib
import json
import os
import subprocess
import time

import pytest
from nacl.signing import SigningKey


class Signer:
    """What minisign does: prehashed, or the older kind over the content itself."""

    def __init__(self):
        self.key, self.id = SigningKey.generate(), os.urandom(8)
        self.public = base64.b64encode(b'Ed' + self.id + bytes(self.key.verify_key)).decode()

    def sign(self, content, when, old=False, comment=None):
        what = content if old else hashlib.blake2b(content).digest()
        signature = self.key.sign(what).signature
        comment = comment if comment is not None else f'timestamp:{int(when)}\tfile:x\thashed'
        whole = self.key.sign(signature + comment.encode()).signature
        return (f'untrusted comment: x\n{base64.b64encode((b"Ed" if old else b"ED") + self.id + signature).decode()}\n'
                f'trusted comment: {comment}\n{base64.b64encode(whole).decode()}\n')


@pytest.fixture
def place(tmp_path, site):
    """A configuration of its own; no server is asked."""
    class Place:
        def __init__(self):
            self.signer, self.clamd, self.config = Signer(), tmp_path / 'clamd', tmp_path / 'letterlock.yaml'
            self.clamd.mkdir()
            with open(site.instance.path('letterlock.yaml'), encoding='utf-8') as f:
                text = f.read()
            self.config.write_text(text + f'\nmalware:\n  signature_key: "{self.signer.public}"\n  signature_folder: "{self.clamd}"\n')

        def cli(self, *words):
            done = subprocess.run([site.instance.program('letterlock'), '--config', str(self.config), '--json', *words], capture_output=True, text=True, timeout=120, check=False)
            return done.returncode, done.stdout + done.stderr

        def bring(self, content, signature, name='own.ndb', *words):
            (tmp_path / name).write_bytes(content)
            (tmp_path / f'{name}.minisig').write_text(signature)
            return self.cli('signatures', 'import', str(tmp_path / name), *words)

        def state(self):
            code, text = self.cli('signatures', 'status')
            return code, [(one['name'], one['state']) for one in json.loads(text)['signatures']]
    return Place()


FIRST, SECOND = b'Own.Test.One:0:*:6c6574746572\n', b'Own.Test.Two:0:*:6c6f636b\n'


def test_what_the_pinned_key_signed_is_put_where_clamd_looks(place):
    now = time.time()
    for content, old in ((FIRST, False), (SECOND, True)):
        code, text = place.bring(content, place.signer.sign(content, now, old))
        assert code == 0, text
        assert (place.clamd / 'letterlock-own.ndb').read_bytes() == content
    assert place.state() == (0, [('letterlock-own.ndb', 'fresh')])


def test_everything_else_is_refused(place):
    now, good = time.time(), place.signer.sign(FIRST, time.time())
    stranger = Signer()
    stranger.id = place.signer.id
    lines = good.split('\n')
    for why, content, signature in (
            ('changed', FIRST + b'x', good), ('a stranger with our id', FIRST, stranger.sign(FIRST, now)), ('a stranger', FIRST, Signer().sign(FIRST, now)),
            ('another time', FIRST, good.replace('timestamp:', 'timestamp:9')), ('no time', FIRST, place.signer.sign(FIRST, now, comment='x')),
            ('cut', FIRST, '\n'.join(lines[:3])), ('empty', FIRST, ''), ('another algorithm', FIRST, good.replace(lines[1], base64.b64encode(b'XX' + base64.b64decode(lines[1])[2:]).decode())),
            ('of the future', FIRST, place.signer.sign(FIRST, now + 86400))):
        code, _ = place.bring(content, signature)
        assert code != 0 and not list(place.clamd.iterdir()), why
    for name in ('own.cvd', 'own.exe', '.ndb', 'own'):
        assert place.bring(FIRST, good, name)[0] != 0, name
    assert not list(place.clamd.iterdir())


def test_an_older_file_does_not_come_back(place):
    now = time.time()
    assert place.bring(FIRST, place.signer.sign(FIRST, now))[0] == 0
    assert place.bring(SECOND, place.signer.sign(SECOND, now - 3600))[0] != 0
    assert (place.clamd / 'letterlock-own.ndb').read_bytes() == FIRST


def test_age_is_told(place):
    """24 hours and 72 by the time that was signed, not by that of the file."""
    now = time.time()
    assert place.state()[0] != 0, 'nothing was imported'
    assert place.bring(FIRST, place.signer.sign(FIRST, now - 30 * 3600))[0] == 0
    assert place.state() == (0, [('letterlock-own.ndb', 'old')])
    assert place.bring(SECOND, place.signer.sign(SECOND, now - 80 * 3600), 'late.ndb')[0] != 0
    assert place.bring(SECOND, place.signer.sign(SECOND, now - 80 * 3600), 'late.ndb', '--yes')[0] == 0
    code, found = place.state()
    assert code != 0 and ('letterlock-late.ndb', 'stale') in found
    _, text = place.cli('check')
    said = json.loads(text[:text.rindex('}') + 1])['signatures']
    assert [p['where'] for p in said['problems']] == ['letterlock-late.ndb'] and [w['where'] for w in said['warnings']] == ['letterlock-own.ndb']
    # What somebody puts there without a signature is named too.
    (place.clamd / 'letterlock-own.ndb').write_bytes(SECOND)
    assert ('letterlock-own.ndb', 'unsigned') in place.state()[1]
