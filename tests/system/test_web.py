"""The public web service: what everybody may fetch, over HTTP/1.1 and HTTP/2, with real clients."""
import subprocess
import time

import pytest

DOMAIN, HOST = 'demo.test', 'mail.demo.test'
AUTODISCOVER = ('<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>{}</EMailAddress>'
                '<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>'
                '</Request></Autodiscover>')


def curl(site, host, path, *args, plain=False):
    """(status, version, fields, body)"""
    port = site.instance.ports['http' if plain else 'https']
    done = subprocess.run(['curl', '-sS', '-k', '--max-time', '60', '--resolve', f'{host}:{port}:127.0.0.1', '-D', '-', '-w', '\n%{http_version}', *args,
                           f'http{"" if plain else "s"}://{host}:{port}{path}'], capture_output=True, check=True)
    head, _, rest = done.stdout.decode().replace('\r\n', '\n').partition('\n\n')
    body, _, version = rest.rpartition('\n')
    lines = head.split('\n')
    return int(lines[0].split()[1]), version, dict(line.lower().split(': ', 1) for line in lines[1:] if ': ' in line), body


def wait_for(what, seconds=60):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, 'it does not happen'
        time.sleep(0.2)


BOTH = pytest.mark.parametrize('version', ['--http1.1', '--http2'])


@BOTH
def test_both_versions_serve_with_strict_fields(site, version):
    status, spoken, fields, body = curl(site, DOMAIN, '/.well-known/autoconfig/mail/config-v1.1.xml', version)
    assert (status, spoken) == (200, '2' if version == '--http2' else '1.1')
    assert f'<hostname>{HOST}</hostname>' in body and f'<port>{site.instance.ports["imaps"]}</port>' in body
    assert fields['strict-transport-security'] == 'max-age=31536000' and fields['content-security-policy'].startswith("default-src 'none'")
    assert (fields['x-content-type-options'], fields['referrer-policy']) == ('nosniff', 'no-referrer')
    assert fields['cross-origin-opener-policy'] == fields['cross-origin-resource-policy'] == 'same-origin'
    assert 'server' not in fields


@BOTH
def test_methods(site, version):
    path = '/.well-known/autoconfig/mail/config-v1.1.xml'
    assert curl(site, DOMAIN, path, version, '-X', 'DELETE')[0] == 405
    status, _, fields, _ = curl(site, DOMAIN, path, version, '-X', 'OPTIONS')
    assert (status, fields['allow']) == (204, 'get, head, options')
    status, _, fields, body = curl(site, DOMAIN, path, version, '-I')
    assert status == 200 and int(fields['content-length']) > 1000 and not body.strip()
    assert curl(site, DOMAIN, '/nothing', version)[0] == 404
    assert curl(site, DOMAIN, path, version, '--data', 'x' * 100)[0] == 405


def test_mta_sts_policy_follows_the_directory(site):
    def policy():
        return curl(site, f'mta-sts.{DOMAIN}', '/.well-known/mta-sts.txt')

    assert site.instance.cli('domain', 'sts', DOMAIN, '--mode', 'off')['policy'] == ''
    first = site.instance.cli('domain', 'sts', DOMAIN, '--mode', 'testing')
    second = site.instance.cli('domain', 'sts', DOMAIN, '--mode', 'enforce', '--max-age', '86400')
    assert first['id'] != second['id'] and second['policy'] == f'version: STSv1\r\nmode: enforce\r\nmx: {HOST}\r\nmax_age: 86400\r\n'
    records = site.instance.cli('domain', 'dns', DOMAIN)['records']
    assert f'v=STSv1; id={second["id"]}' in [r['value'] for r in records]
    # What auth said holds for a moment.
    wait_for(lambda: policy()[3] == second['policy'].replace('\r\n', '\n'))
    assert policy()[2]['content-type'].startswith('text/plain')
    site.instance.cli('domain', 'sts', DOMAIN, '--mode', 'off')
    wait_for(lambda: policy()[0] == 404)
    assert curl(site, 'mta-sts.elsewhere.example', '/.well-known/mta-sts.txt')[0] == 404


@BOTH
def test_mail_programs_set_themselves_up_and_learn_nothing_of_addresses(site, version):
    answers = []
    for name in ('li.wei', 'nobody.at.all'):
        address = f'{name}@{DOMAIN}'
        status, _, _, body = curl(site, HOST, '/Autodiscover/Autodiscover.xml', version, '-d', AUTODISCOVER.format(address))
        assert status == 200 and f'<LoginName>{address}</LoginName>' in body
        answers.append(body.replace(address, 'ADDRESS'))
        status, _, _, body = curl(site, HOST, f'/autodiscover/autodiscover.json?Email={address}&Protocol=AutodiscoverV1', version)
        assert (status, body.strip()) == (200, f'{{"Protocol":"AutodiscoverV1","Url":"https://{HOST}/autodiscover/autodiscover.xml"}}')
        assert curl(site, HOST, f'/autodiscover/autodiscover.json/v1.0/{address}?Protocol=autodiscoverv1', version)[0] == 200
    assert answers[0] == answers[1]
    assert curl(site, HOST, '/autodiscover/autodiscover.xml', version, '-d', AUTODISCOVER.format('li.wei@elsewhere.example'))[0] == 404
    assert curl(site, HOST, '/autodiscover/autodiscover.xml', version, '-d', '<!DOCTYPE a [<!ENTITY b "c">]><a/>')[0] == 400
    assert curl(site, HOST, '/autodiscover/autodiscover.xml', version, '-d', 'x' * 20000)[0] == 413
    assert curl(site, f'autoconfig.{DOMAIN}', f'/mail/config-v1.1.xml?emailaddress=who%40{DOMAIN}', version)[0] == 200


def test_plain_http_only_points_to_https(site):
    status, _, fields, _ = curl(site, HOST, '/some/%7Ewhere?a=b', plain=True)
    assert (status, fields['location']) == (302, f'https://{HOST}:{site.instance.ports["https"]}/some/%7ewhere?a=b')
    assert 'strict-transport-security' not in fields
    assert curl(site, f'autodiscover.{DOMAIN}', '/autodiscover/autodiscover.xml', plain=True)[0] == 302
    assert curl(site, 'evil.example', '/', plain=True)[0] == 404
    assert curl(site, HOST, '/', '-d', 'secret', plain=True)[0] == 405


def test_many_streams_at_once(site):
    done = subprocess.run(['h2load', '-n', '600', '-c', '4', '-m', '20', '--header', f':authority: {DOMAIN}',
                           f'https://127.0.0.1:{site.instance.ports["https"]}/.well-known/autoconfig/mail/config-v1.1.xml'],
                          capture_output=True, text=True, check=True, timeout=300)
    assert 'status codes: 600 2xx' in done.stdout, done.stdout
