"""Records of a domain: printed, published in dns.zone, checked; documents for mail programs."""
import plistlib
import shutil
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ElementTree

import pytest

from conftest import PROGRAMS, end_site
from instance import Instance, free_port_base
from mail import Site
from test_revoke import new_user

DOMAIN = 'records.example.org'


@pytest.fixture(scope='module')
def place():
    directory = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    instance = Instance(directory, free_port_base(), PROGRAMS, options={'dns.check': '1s'})
    instance.setup()
    site = Site(instance, [])
    try:
        instance.start()
        instance.cli('domain', 'add', DOMAIN)
        instance.cli('domain', 'dkim', 'add', DOMAIN)
        yield instance
    finally:
        end_site(site)
        shutil.rmtree(directory, ignore_errors=True)


def plain(instance, *command):
    """Output as people see it."""
    done = subprocess.run([PROGRAMS + '/letterlock', '--config', instance.path('letterlock.yaml'), *command], stdout=subprocess.PIPE,
                          text=True, check=True, timeout=60)
    return done.stdout


def states(instance):
    code, result, said = instance.cli('domain', 'check', DOMAIN, check=False)
    assert code == (7 if result['bad'] else 0), said
    return {(r['type'], r['name']): r['state'] for r in result['records']}, result


def publish(instance, lines):
    with open(instance.path('zone'), 'a', encoding='ascii') as f:
        f.write(lines)
    instance.cli('reload')


def wait_for_event(instance, name):
    end = time.monotonic() + 60
    while not [r for r in instance.cli('audit', 'list', '--event', name)['records'] if r['fields'].get('domain') == DOMAIN]:
        assert time.monotonic() < end, f'no event {name}'
        time.sleep(0.2)


def test_what_is_printed_can_be_published_and_is_right_then(place):
    before, result = states(place)
    assert set(before.values()) == {'missing'} and result['bad'] == len(before)
    types = sorted(r['type'] for r in result['records'])
    assert types.count('MX') == 1 and types.count('TLSA') == 1 and types.count('TXT') == 5 and types.count('SRV') >= 3, types
    wait_for_event(place, 'dns.wrong')

    zone = plain(place, 'domain', 'dns', DOMAIN, '--bind', '--zone', 'test')
    assert all(line.startswith('; ') for line in zone.splitlines() if DOMAIN + '.' in line.split()[0])
    publish(place, plain(place, 'domain', 'dns', DOMAIN, '--bind', '--zone', 'example.org').split('; in another zone')[0])
    after, result = states(place)
    assert {state for (kind, _), state in after.items() if kind != 'TLSA'} == {'ok'}, result
    wait_for_event(place, 'dns.right')

    # The host stands in another zone.
    tlsa = next(r for r in result['records'] if r['type'] == 'TLSA')
    assert place.cli('domain', 'check', DOMAIN, check=False)[0] == 7
    place.cli('domain', 'mute', DOMAIN, tlsa['name'], 'TLSA')
    assert place.cli('domain', 'check', DOMAIN)['bad'] == 0
    place.cli('domain', 'unmute', DOMAIN, tlsa['name'], 'TLSA')
    publish(place, f'{tlsa["name"]}. 60 IN TLSA {tlsa["value"]}\n')
    assert set(states(place)[0].values()) == {'ok'}


def test_consoles_get_names_relative_to_their_zone(place):
    for provider in ('aliyun', 'tencent', 'huawei', 'cloudflare'):
        result = place.cli('domain', 'dns', DOMAIN, '--provider', provider)
        assert result['zone'] == 'example.org'
        mx = next(f for f in result['forms'] if f['type'] == 'MX')
        assert mx['host'] == 'records' and ('priority' in mx) == (provider != 'huawei')
        assert {f['host'] for f in result['forms'] if f['type'] == 'SRV'} >= {'_imaps._tcp.records'}
        assert [r['type'] for r in result['left_out']] == ['TLSA']
    assert place.cli('domain', 'dns', DOMAIN, '--provider', 'nobody', check=False)[0] == 2
    assert 'records.example.org' in plain(place, 'domain', 'dns', DOMAIN)


def test_mail_programs_are_set_up(place):
    address = 'ann@' + DOMAIN
    setup = ('domain', 'client-setup', DOMAIN, '--format')
    document = ElementTree.fromstring(plain(place, *setup, 'autoconfig').encode())
    port = document.find('emailProvider/incomingServer[@type="imap"]/port')
    assert int(port.text) == place.ports['imaps'] and document.find('emailProvider/domain').text == DOMAIN
    profile = plistlib.loads(plain(place, *setup, 'mobileconfig', '--address', address).encode())
    account = profile['PayloadContent'][0]
    assert account['EmailAddress'] == address and account['OutgoingMailServerPortNumber'] == place.ports['submissions']
    assert account['IncomingMailServerUseSSL'] and account['OutgoingMailServerUseSSL']
    assert b'<LoginName>' + address.encode() in plain(place, *setup, 'autodiscover', '--address', address).encode()
    assert place.cli(*setup, 'autodiscover', check=False)[0] == 2


def test_the_postmaster_gets_a_letter(place):
    place.cli('domain', 'add', 'demo.test')
    site = Site(place, [])
    reader = new_user(site, 'postmaster')
    place.cli('domain', 'add', 'letters.example.org', '--postmaster', reader['address'])
    site.find(reader, 'DNS records of a mail domain are wrong', seconds=60)


def test_what_is_refused_is_said_and_shown_as_nothing_else(place):
    """A refused operation has a result as well, which is no list and no document; a crash would be a negative code."""
    for words, code in ((('domain', 'client-setup', DOMAIN, '--format', 'bogus'), 2), (('domain', 'sts', DOMAIN, '--mode', 'bogus'), 2),
                        (('domain', 'dkim', 'list', 'nowhere.test'), 6), (('--yes', 'quarantine', 'delete', '00000001-1'), 5),
                        (('quarantine', 'release', '00000001-1'), 5), (('user', 'show', f'nobody@{DOMAIN}'), 6)):
        done = subprocess.run([PROGRAMS + '/letterlock', '--config', place.path('letterlock.yaml'), *words], capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stdout) == (code, ''), (words, done)
        assert done.stderr.startswith('letterlock: ') and len(done.stderr.splitlines()[0]) > 20
