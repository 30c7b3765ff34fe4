"""Keys of DKIM from their making to their end, and what they sign on its way out."""
import json
import subprocess

import pytest

from conftest import PROGRAMS
from mail import letter, mark

DOMAIN = 'signed.example.org'


def keys(site, *command):
    return site.instance.cli('domain', 'dkim', *command)['keys']


def zone(folder, listed):
    """What DNS would have."""
    path = folder / 'zone'
    with open(path, 'w', encoding='ascii') as f:
        for key in listed:
            text = key['record']
            f.write('%s. 60 IN TXT %s\n' % (key['name'], ' '.join('"%s"' % text[i:i + 200] for i in range(0, len(text), 200))))
    return path


def verify(folder, message, listed):
    path = folder / 'message'
    path.write_bytes(message)
    done = subprocess.run([PROGRAMS + '/letterlock', 'trust', 'dkim', str(path), '--dns', str(zone(folder, listed)), '--json'],
                          stdout=subprocess.PIPE, check=True, timeout=60)
    return json.loads(done.stdout)['signatures']


def sent(site, user, text):
    site.send(user, ['friend@outside.test'], letter(user['address'], 'friend@outside.test', text, f'{text} 中文\r\n.dot\r\n'))
    with open(site.outside_has(text), 'rb') as f:
        return f.read()


@pytest.fixture
def domain(site):
    site.instance.cli('domain', 'add', DOMAIN)
    yield DOMAIN


def test_mail_that_leaves_is_signed_twice_and_keys_rotate(site, domain, folder):
    user = {'address': f'signer@{domain}', 'password': 'signing-password-1'}
    site.instance.cli('user', 'add', user['address'], '--stdin', stdin=user['password'] + '\n')
    assert b'DKIM-Signature' not in sent(site, user, mark())
    made = keys(site, 'add', domain)
    assert sorted(k['algorithm'] for k in made) == ['ed25519-sha256', 'rsa-sha256'] and {k['state'] for k in made} == {'next'}
    assert {k['state'] for k in keys(site, 'rotate', domain, '--now')} == {'active'}
    message = sent(site, user, mark())
    found = verify(folder, message, made)
    assert [s['result'] for s in found] == ['pass', 'pass'], found
    assert all(s['domain'] == domain and s['aligned'] for s in found)
    changed = verify(folder, message.replace(b'Subject: ', b'Subject: not ', 1), made)
    assert [s['result'] for s in changed] == ['fail', 'fail']

    both = keys(site, 'rotate', domain)
    assert sorted(k['state'] for k in both) == ['active', 'active', 'next', 'next']
    after = keys(site, 'rotate', domain, '--now')
    assert sorted(k['state'] for k in after) == ['active', 'active', 'retired', 'retired']
    old = {k['selector'] for k in made}
    assert {k['selector'] for k in after if k['state'] == 'retired'} == old
    found = verify(folder, sent(site, user, mark()), after)
    assert [s['result'] for s in found] == ['pass', 'pass'] and not old & {s['selector'] for s in found}

    for key in after:
        if key['state'] == 'active':
            keys(site, 'retire', domain, key['selector'])
    assert b'DKIM-Signature' not in sent(site, user, mark())
    assert site.instance.cli('domain', 'dkim', 'retire', domain, 'nobody', check=False)[0] == 6


@pytest.fixture
def house(site):
    """The domain of the host name signs."""
    keys(site, 'add', 'demo.test')
    yield [k for k in keys(site, 'rotate', 'demo.test', '--now') if k['state'] == 'active']
    for key in keys(site, 'list', 'demo.test'):
        if key['state'] == 'active':
            keys(site, 'retire', 'demo.test', key['selector'])


def test_a_report_that_leaves_the_house_is_signed(site, house, folder):
    stranger, text = f'{mark()}@outside.test', mark()
    site.instance.cli('domain', 'add', 'behind.example', '--relay', f'[127.0.0.1]:{site.instance.outside_port}')
    try:
        site.deliver(['permerror@behind.example'], letter(stranger, 'permerror@behind.example', text), sender=stranger)
        with open(site.outside_has(f'To: <{stranger}>', 60), 'rb') as f:
            report = f.read()
    finally:
        site.instance.cli('domain', 'remove', 'behind.example')
    assert b'MAILER-DAEMON@demo.test' in report and b'Auto-Submitted: auto-replied' in report
    found = verify(folder, report[report.index(b'DKIM-Signature'):], house)
    assert [s['result'] for s in found] == ['pass', 'pass'] and all(s['domain'] == 'demo.test' and s['aligned'] for s in found)
