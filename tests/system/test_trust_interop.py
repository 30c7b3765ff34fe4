"""DKIM and ARC against two other implementations, both ways: opendkim and dkimpy. No server, no network: keys stand in files."""
import base64
import json
import subprocess

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from conftest import PROGRAMS

OPENDKIM = '/usr/sbin/opendkim'  # ./dev test installs it; without it these tests fail
DOMAIN = 'signed.example.org'
HEAD = b'From: Ann <ann@signed.example.org>\r\nTo: bob@example.net\r\nDate: Sun, 22 Nov 2026 04:00:00 +0000\r\n'
MESSAGES = {
    'plain': HEAD + b'Subject: plain\r\n\r\nHello.\r\n',
    'odd folding': HEAD + b'Subject:\r\n  folded \t\r\n\tthree   times\r\n  \r\n here\r\n'
                          b'Message-ID:\r\n <1@signed.example.org>\r\n\r\nHello.\r\n',
    'white space': HEAD + b'Subject: \t spaces  \t and tabs \r\n\r\n'
                          b' lines \t with \t\r\n   white   space  \r\n \t \r\n\r\n \r\nin them \r\n\r\n\r\n',
    'empty body': HEAD + b'Subject: nothing\r\n\r\n',
    'empty lines only': HEAD + b'Subject: nothing\r\n\r\n\r\n\r\n\r\n',
    'no last line end': HEAD + b'Subject: cut\r\n\r\nHello.\r\nno end',
    '8-bit body': HEAD + b'Subject: 8-bit\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n'
                         b'Content-Transfer-Encoding: 8bit\r\n\r\n' + '中文 письмо é\r\n'.encode() + b'\xff\xfe\r\n',
    'Chinese header': HEAD + 'Subject: 会议纪要 与 附件\r\nMIME-Version: 1.0\r\nX-Note: 注\r\n\r\n正文。\r\n'.encode(),
    'encoded header': HEAD + b'Subject: =?utf-8?b?5Lya6K6u57qq6KaB?=\r\n =?utf-8?b?5LiO6ZmE5Lu2?=\r\n\r\nHello.\r\n',
    'fields twice': HEAD + b'Received: one\r\nReceived: two\r\nSubject: first\r\nComments: a\r\nComments: b\r\n\r\nHello.\r\n',
    'long lines': HEAD + b'Subject: ' + b'long ' * 150 + b'\r\n\r\n' + b'x' * 990 + b'\r\n' + b'y z ' * 200 + b'\r\n',
}

# What opendkim's reader of files makes another message of: it loses a last line without end, and white space in front of a value.
CHANGED_BY_OPENDKIM = {'no last line end': 'relaxed/relaxed', 'odd folding': 'simple/simple', 'white space': 'simple/simple'}


class Keys:
    """rsa and ed: PEM files, a zone file for us, a list for opendkim, a function for dkimpy."""

    def __init__(self, folder):
        self.folder, self.records = folder, {}
        self.add('rsa', rsa.generate_private_key(65537, 2048), serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.ed = self.add('ed25519', ed25519.Ed25519PrivateKey.generate(), serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        with open(folder / 'zone', 'w', encoding='ascii') as f:
            for name, text in self.records.items():
                f.write('%s. 60 IN TXT %s\n' % (name, ' '.join('"%s"' % text[i:i + 200] for i in range(0, len(text), 200))))
        with open(folder / 'dnsdata', 'w', encoding='ascii') as f:
            f.writelines('%s %s\n' % pair for pair in self.records.items())

    def add(self, kind, key, encoding, form):
        public = base64.b64encode(key.public_key().public_bytes(encoding, form)).decode()
        self.records[f'{kind}._domainkey.{DOMAIN}'] = f'v=DKIM1; k={kind}; p={public}'
        (self.folder / f'{kind}.pem').write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return base64.b64encode(key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw,
                serialization.NoEncryption())) \
            if kind == 'ed25519' else None

    def dns(self, name, timeout=5):
        return self.records.get(name.decode().rstrip('.'), '').encode()

    def pem(self, kind):
        return self.folder / f'{kind}.pem'


@pytest.fixture(scope='module')
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp('keys'))


@pytest.fixture(params=sorted(MESSAGES))
def message(request):
    return MESSAGES[request.param]


def opendkim_changes(message, ways):
    return any(message == MESSAGES[name] and ways == way for name, way in CHANGED_BY_OPENDKIM.items())


def trust(keys, folder, message, *command):
    (folder / 'in.eml').write_bytes(message)
    done = subprocess.run([PROGRAMS + '/letterlock', 'trust', command[0], str(folder / 'in.eml'), '--dns', str(keys.folder / 'zone'),
            '--json',
                           *map(str, command[1:])], stdout=subprocess.PIPE, check=True, timeout=60)
    return json.loads(done.stdout)


def signed(keys, folder, message, kind, *more):
    return trust(keys, folder, message, 'sign', '--domain', DOMAIN, '--selector', kind, '--key', keys.pem(kind),
            *more)['fields'].encode() + message


def opendkim(folder, message, **settings):
    with open(folder / 'opendkim.conf', 'w', encoding='ascii') as f:
        f.writelines('%s %s\n' % pair for pair in {'Syslog': 'no', 'RequireSafeKeys': 'no', **settings}.items())
    (folder / 'out.eml').write_bytes(message)
    done = subprocess.run([OPENDKIM, '-x', str(folder / 'opendkim.conf'), '-t', str(folder / 'out.eml')], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=60)
    return done.stdout


@pytest.mark.parametrize('kind', ['rsa', 'ed25519'])
def test_others_verify_what_we_sign(keys, folder, message, kind):
    ours = signed(keys, folder, message, kind)
    assert dkim.verify(ours, dnsfunc=keys.dns)
    if not opendkim_changes(message, 'relaxed/relaxed'):
        said = opendkim(folder, ours, Mode='v', TestDNSData=f'file:{keys.folder}/dnsdata')
        assert b'succeeded' in said, said
    assert trust(keys, folder, ours, 'dkim')['result'] == 'pass'


@pytest.mark.parametrize('field', ['From', 'Subject', 'To', 'Cc', 'Reply-To', 'Date', 'Message-ID', 'In-Reply-To', 'References', 'Content-Type', 'MIME-Version'])
def test_nothing_can_be_put_beside_what_we_sign(keys, folder, field):
    """Signed once more than they are there: a second one, before or behind the first, or the first one of a kind, breaks the signature for everybody."""
    ours = signed(keys, folder, MESSAGES['plain'], 'rsa')
    head, _, body = ours.partition(b'\r\n\r\n')
    added = f'{field}: <eve@evil.example>'.encode()
    for changed in (added + b'\r\n' + ours, head + b'\r\n' + added + b'\r\n\r\n' + body):
        assert not dkim.verify(changed, dnsfunc=keys.dns), changed[:60]
        assert trust(keys, folder, changed, 'dkim')['result'] != 'pass'


def test_others_see_a_change_too(keys, folder):
    ours = signed(keys, folder, MESSAGES['plain'], 'rsa')
    for changed in (ours + b'more\r\n', ours.replace(b'Subject: plain', b'Subject: other'), b'Subject: second\r\n' + ours):
        assert not dkim.verify(changed, dnsfunc=keys.dns)
        assert trust(keys, folder, changed, 'dkim')['result'] == 'fail'


@pytest.mark.parametrize('ways', ['simple/simple', 'relaxed/simple', 'simple/relaxed', 'relaxed/relaxed'])
def test_we_verify_what_dkimpy_signs(keys, folder, message, ways):
    how = {'canonicalize': tuple(w.encode() for w in ways.split('/'))}
    first = dkim.sign(message, b'rsa', DOMAIN.encode(), keys.pem('rsa').read_bytes(), **how)
    second = dkim.sign(message, b'ed25519', DOMAIN.encode(), keys.ed, signature_algorithm=b'ed25519-sha256', **how)
    found = trust(keys, folder, first + second + message, 'dkim')['signatures']
    assert [(s['result'], s['algorithm']) for s in found] == [('pass', 'rsa-sha256'), ('pass', 'ed25519-sha256')], found


@pytest.mark.parametrize('ways', ['simple/simple', 'relaxed/relaxed'])
def test_we_verify_what_opendkim_signs(keys, folder, message, ways):
    if opendkim_changes(message, ways):
        return
    said = opendkim(folder, message, Mode='s', Domain=DOMAIN, Selector='rsa', KeyFile=keys.pem('rsa'), SignatureAlgorithm='rsa-sha256',
                    Canonicalization=ways)
    field = said[said.index(b'DKIM-Signature:'):].strip().replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')
    found = trust(keys, folder, field + b'\r\n' + message, 'dkim')
    assert found['result'] == 'pass', found


def test_a_length_that_leaves_bytes_out_is_told(keys, folder):
    field = dkim.sign(MESSAGES['plain'], b'rsa', DOMAIN.encode(), keys.pem('rsa').read_bytes(), length=True)
    whole = trust(keys, folder, field + MESSAGES['plain'], 'dkim')
    assert whole['result'] == 'pass' and whole['signatures'][0]['unsigned_bytes'] == 0
    longer = trust(keys, folder, field + MESSAGES['plain'] + b'an appendix\r\n', 'dkim')['signatures'][0]
    assert longer['result'] == 'policy' and longer['unsigned_bytes'] == 13


def test_sha1_is_refused(keys, folder):
    field = dkim.sign(MESSAGES['plain'], b'rsa', DOMAIN.encode(), keys.pem('rsa').read_bytes(), signature_algorithm=b'rsa-sha1')
    found = trust(keys, folder, field + MESSAGES['plain'], 'dkim')['signatures'][0]
    assert found['result'] == 'permerror' and 'SHA-1' in found['reason']


def test_chains_of_others_and_ours_hold(keys, folder, message):
    mail = signed(keys, folder, message, 'rsa', '--arc', 'mx.example.net')
    assert dkim.arc_verify(mail, dnsfunc=keys.dns)[0] == b'pass'
    mail = b'Authentication-Results: mx.example.net; arc=pass;\r\n dkim=pass header.d=signed.example.org\r\n' + mail
    theirs = dkim.arc_sign(mail, b'rsa', DOMAIN.encode(), keys.pem('rsa').read_bytes(), b'mx.example.net')
    mail = b''.join(f.rstrip(b'\r\n') + b'\r\n' for f in theirs) + mail
    assert trust(keys, folder, mail, 'arc')['result'] == 'pass'
    mail = signed(keys, folder, mail, 'rsa', '--arc', 'mx.example.net')
    found = trust(keys, folder, mail, 'arc')
    assert found['result'] == 'pass' and found['instances'] == 3 and found['oldest_pass'] == 0, found
    assert found['sets'][2]['results'].startswith('mx.example.net;')
    assert dkim.arc_verify(mail, dnsfunc=keys.dns)[0] == b'pass'
    assert trust(keys, folder, mail + b'list footer\r\n', 'arc')['result'] == 'fail'
