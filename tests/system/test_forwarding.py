"""Letters that are passed on to somebody outside: under a reverse-path of ours that leads bounces back, and under a seal (ARC)."""
import base64
import email
import email.policy
import json
import re
import smtplib
import subprocess
import time

import pytest

from conftest import PROGRAMS, end_site, make_site
from far import Far
from mail import HOST, Wire, letter, mark
from sieve_client import Sieve
from test_trust_sign import verify, zone

DOMAIN, FORWARDED = 'passing.test', 'elsewhere.test'
STRICT = '''
strict.test. 300 IN TXT "v=spf1 ip4:127.0.0.1 -all"
_dmarc.strict.test. 300 IN TXT "v=DMARC1; p=reject"
lax.test. 300 IN TXT "v=spf1 ip4:127.0.0.1 -all"
_dmarc.lax.test. 300 IN TXT "v=DMARC1; p=none"
'''


@pytest.fixture(scope='module')
def far():
    made = Far()
    yield made
    made.close()


@pytest.fixture(scope='module')
def site(far):
    made = make_site(options={'relay.routes': [f'{name} [{HOST}]:{far.port}' for name in (FORWARDED, 'strict.test')]}, seed=False)
    cli = made.instance.cli
    cli('domain', 'add', DOMAIN)
    cli('domain', 'add', 'behind.test', '--relay', f'{HOST}:{far.port}')
    cli('policy', 'set', 'forward', '{"outside":true}')
    cli('alias', 'add', f'out@{DOMAIN}', f'friend@{FORWARDED}')
    cli('domain', 'dkim', 'add', DOMAIN)
    made.keys = cli('domain', 'dkim', 'rotate', DOMAIN, '--now')['keys']
    made.owner = new_user(made, 'owner')
    with Sieve(made, made.owner) as sieve:
        sieve.put('main', f'redirect "friend@{FORWARDED}"; keep;')
    author_keys(made)
    yield made
    end_site(made)


def new_user(site, name):
    user = {'address': f'{name}@{DOMAIN}', 'password': 'first-password-1'}
    site.instance.cli('user', 'add', user['address'], '--stdin', stdin=user['password'] + '\n')
    return user


def author_keys(site):
    """The domain signed.test signs with a key of its own, and asks to refuse what is not signed."""
    site.author_key = site.instance.path('author.pem')
    subprocess.run(['openssl', 'genrsa', '-out', site.author_key, '2048'], check=True, stderr=subprocess.DEVNULL, timeout=60)
    public = subprocess.run(['openssl', 'rsa', '-in', site.author_key, '-pubout', '-outform', 'DER'], check=True, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, timeout=60).stdout
    record = 'v=DKIM1; k=rsa; p=' + base64.b64encode(public).decode()
    strings = ' '.join(f'"{record[i:i + 200]}"' for i in range(0, len(record), 200))
    with open(site.instance.path('zone'), 'a', encoding='ascii') as f:
        f.write(STRICT + f's._domainkey.signed.test. 300 IN TXT {strings}\n_dmarc.signed.test. 300 IN TXT "v=DMARC1; p=reject"\n')
    site.instance.cli('reload')


def signed(site, folder, data):
    path = folder / 'unsigned'
    path.write_bytes(data)
    return subprocess.run([PROGRAMS + '/letterlock', 'trust', 'sign', str(path), '--domain', 'signed.test', '--selector', 's', '--key', site.author_key],
                          stdout=subprocess.PIPE, check=True, timeout=60).stdout


def dmarc_there(site, folder, path, message):
    """What a stranger's server says of it, that asks our DNS: our host sends from 192.0.2.77."""
    passing = [s['domain'] for s in verify(folder, message, site.keys) if s['result'] == 'pass']
    records = folder / 'there'
    records.write_text(zone(folder, site.keys).read_text() + STRICT + f'''
{DOMAIN}. 300 IN TXT "v=spf1 ip4:192.0.2.77 -all"
_dmarc.{DOMAIN}. 300 IN TXT "v=DMARC1; p=reject"
_dmarc.signed.test. 300 IN TXT "v=DMARC1; p=reject"
''')
    (folder / 'message').write_bytes(message)
    done = subprocess.run([PROGRAMS + '/letterlock', 'trust', 'dmarc', str(folder / 'message'), '--ip', '192.0.2.77', '--mail-from', path,
                           '--dkim', ','.join(passing), '--dns', str(records), '--json'], stdout=subprocess.PIPE, check=True, timeout=60)
    return json.loads(done.stdout)


def passed_on(site, far, sender='ann@outside.test', to=f'out@{DOMAIN}', data=None):
    text = mark()
    site.deliver([to], data(text) if data else letter('ann@outside.test', to, text), sender=sender)
    return far.has(text)


def arc(folder, message, keys):
    path = folder / 'message'
    path.write_bytes(message)
    done = subprocess.run([PROGRAMS + '/letterlock', 'trust', 'arc', str(path), '--dns', str(zone(folder, keys)), '--json'], stdout=subprocess.PIPE,
                          check=False, timeout=60)
    return json.loads(done.stdout)


def bounce(site, to, sender=''):
    """The code of RCPT, and of the letter."""
    text = mark()
    with Wire(site.ports['smtp']) as wire:
        assert wire.reply()[0] == 220 and wire.say('EHLO mx.outside.test')[0] == 250
        assert wire.say(f'MAIL FROM:<{sender}>')[0] == 250
        code = wire.say(f'RCPT TO:<{to}>')[0]
        if code == 250:
            assert wire.say('DATA')[0] == 354
            code = wire.say(letter('MAILER-DAEMON@elsewhere.test', to, text) + b'.')[0]
    return code, text


def test_bounces_come_back_and_nothing_else_does(site, far):
    path, to, _, _ = passed_on(site, far)
    assert to == [f'friend@{FORWARDED}'] and re.fullmatch(rf'SRS0=[a-z2-7]{{10}}=[a-z2-7]{{2}}=outside\.test=ann@{DOMAIN}', path)
    code, text = bounce(site, path)
    assert code == 250
    site.outside_has(text)
    # No way to write to strangers through us.
    assert bounce(site, path, 'spammer@outside.test')[0] == 550
    forged = [path.replace('=ann@', '=bob@'), path.replace('=outside.test=', '=other.test='), path.replace(DOMAIN, 'behind.test'),
              f'SRS0=aaaaaaaaaa=aa=outside.test=ann@{DOMAIN}', f'SRS1=aaaaaaaaaa=outside.test==x=aa=y.test=z@{DOMAIN}', f'srs0=@{DOMAIN}', f'SRS0=a=b=c=d@{DOMAIN}']
    for address in forged:
        assert bounce(site, address)[0] in (550, 553), address


def test_who_was_passed_on_before_leads_back_to_the_first(site, far):
    path = passed_on(site, far, sender='SRS0=abcd=TT=x.test=ann@outside.test')[0]
    assert re.fullmatch(rf'SRS1=[a-z2-7]{{10}}=outside\.test==abcd=TT=x\.test=ann@{DOMAIN}', path)
    code, text = bounce(site, path)
    assert code == 250
    site.outside_has(text)


def test_our_own_people_and_bounces_keep_their_reverse_path(site, far):
    assert passed_on(site, far, sender='')[0] == ''
    assert passed_on(site, far, to='ann@behind.test')[0] == 'ann@outside.test'


def test_what_passes_through_is_sealed_and_the_seal_holds(site, far, folder):
    _, _, message, _ = passed_on(site, far)
    found = arc(folder, message, site.keys)
    assert found['result'] == 'pass' and found['instances'] == 1 and found['sets'][0]['domain'] == DOMAIN, found
    assert 'spf=' in found['sets'][0]['results'] and 'dmarc=' in found['sets'][0]['results']
    # It comes around once more: a second set over the first; whoever changes it breaks the seal.
    _, _, again, _ = passed_on(site, far, data=lambda text: message.replace(b'Subject: ', b'X-Mark: ' + text.encode() + b'\r\nSubject: ', 1))
    assert arc(folder, again, site.keys)['instances'] == 2
    changed = message.replace(b'Hello.', b'Hallo.')
    assert arc(folder, changed, site.keys)['result'] == 'fail'


def read(message):
    return email.message_from_bytes(message, policy=email.policy.default)


@pytest.mark.parametrize('way', ['alias', 'script'])
def test_an_author_who_would_be_refused_there_is_named_by_who_passes_it_on(site, far, folder, way):
    by = f'out@{DOMAIN}' if way == 'alias' else site.owner['address']
    path, to, message, _ = passed_on(site, far, sender='ann@strict.test', to=by, data=lambda t: letter('Ann Example <ann@strict.test>', by, t))
    found = read(message)
    assert to == [f'friend@{FORWARDED}'] and path.startswith('SRS0=') and path.endswith(f'=strict.test=ann@{DOMAIN}')
    author = found['From'].addresses[0]
    assert author.addr_spec == by and author.display_name == f'Ann Example via {by}'
    assert found['Reply-To'].addresses[0].addr_spec == 'ann@strict.test' and 'ann@strict.test' in found['X-Original-From']
    there = dmarc_there(site, folder, path, message)
    assert there['result'] == 'pass' and there['spf_aligned'] and there['dkim_aligned'], there
    assert arc(folder, message, site.keys)['result'] == 'pass'
    code, text = bounce(site, path)
    assert code == 250
    assert far.has(text)[1] == ['ann@strict.test']


@pytest.mark.parametrize('way', ['alias', 'script'])
def test_an_author_whose_signature_survives_or_who_does_not_mind_stays(site, far, folder, way):
    by = f'out@{DOMAIN}' if way == 'alias' else site.owner['address']
    path, _, message, _ = passed_on(site, far, sender='ann@lax.test', to=by, data=lambda t: letter('ann@lax.test', by, t))
    assert read(message)['From'].addresses[0].addr_spec == 'ann@lax.test' and read(message)['Reply-To'] is None and path.startswith('SRS0=')
    assert arc(folder, message, site.keys)['result'] == 'pass'
    path, _, message, _ = passed_on(site, far, sender='ann@signed.test', to=by, data=lambda t: signed(site, folder, letter('ann@signed.test', by, t)))
    assert read(message)['From'].addresses[0].addr_spec == 'ann@signed.test' and b'DKIM-Signature' in message and path.startswith('SRS0=')


def test_one_letter_to_all_kinds_of_recipients_names_its_author_where_he_is_believed(site, far):
    text = mark()
    site.deliver([site.owner['address'], f'out@{DOMAIN}', 'ann@behind.test'], letter('ann@strict.test', 'x@y.test', text), sender='ann@strict.test')
    kept = site.find(site.owner, text)[0]
    assert read(kept)['From'].addresses[0].addr_spec == 'ann@strict.test'
    end = time.monotonic() + 60
    while len(found := [f for f in list(far.letters) if text.encode() in f[2]]) < 3 and time.monotonic() < end:
        time.sleep(0.05)
    authors = {(to[0], read(message)['From'].addresses[0].addr_spec) for _, to, message, _ in found}
    assert authors == {('ann@behind.test', 'ann@strict.test'), (f'friend@{FORWARDED}', f'out@{DOMAIN}'),
                       (f'friend@{FORWARDED}', site.owner['address'])}


def test_our_own_letter_that_a_script_passes_on_is_signed_and_keeps_its_author(site, far, folder):
    other, text = new_user(site, 'colleague'), mark()
    site.send(other, [site.owner['address']], letter(other['address'], site.owner['address'], text))
    path, _, message, _ = far.has(text)
    there = dmarc_there(site, folder, path, message)
    assert path == other['address'] and there['dkim_aligned'] and read(message)['From'].addresses[0].addr_spec == other['address']


def test_what_a_script_passed_on_and_comes_back_stays(site, far):
    _, _, message, _ = passed_on(site, far, to=site.owner['address'])
    text = mark()
    before = len(far.letters)
    site.deliver([site.owner['address']], message.replace(b'Subject: ', b'Subject: ' + text.encode() + b' ', 1), sender='friend@outside.test')
    site.find(site.owner, text)
    sentinel = passed_on(site, far)
    assert sentinel and not [f for f in far.letters[before:] if text.encode() in f[2]]


def chain(count, text):
    """A letter with this many sets that anybody may have made up."""
    sets = ''.join(f'ARC-Seal: i={i}; a=rsa-sha256; cv={"none" if i == 1 else "pass"}; d=x.test; s=s; b=AAAA\r\n'
                   f'ARC-Message-Signature: i={i}; a=rsa-sha256; c=relaxed/relaxed; d=x.test; s=s; h=from; bh=AAAA; b=AAAA\r\n'
                   f'ARC-Authentication-Results: i={i}; x.test; spf=pass\r\n' for i in range(count, 0, -1))
    return sets.encode() + letter('ann@outside.test', f'out@{DOMAIN}', text)


@pytest.mark.parametrize('count', [3, 50, 51, 120])
def test_chains_that_are_made_up_or_too_long_are_passed_on_as_broken(site, far, folder, count):
    _, _, message, _ = passed_on(site, far, data=lambda text: chain(count, text))
    assert message.count(b'\r\nARC-Seal: ') + message.startswith(b'ARC-Seal: ') <= max(count, 4)
    assert arc(folder, message, site.keys)['result'] == 'fail'


def test_loops_end(site):
    trace = b'Received: from a.test by b.test; Sat, 21 Nov 2026 10:00:00 +0000\r\n' * 51
    with pytest.raises(smtplib.SMTPDataError) as refused:
        site.deliver([f'out@{DOMAIN}'], trace + letter('ann@outside.test', f'out@{DOMAIN}', mark()))
    assert refused.value.smtp_code == 554
