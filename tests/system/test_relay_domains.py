"""In front of another server: mail from outside for a relay domain goes to that server, and nowhere else."""
import smtplib
import socket
import threading
import time

import pytest

from mail import HOST, letter, mark

DOMAIN, LISTED = 'behind.test', 'listed.test'


class Behind:
    """The server behind: takes everything but `refused@`, keeps envelopes and letters."""

    def __init__(self):
        self.letters = []
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                conn = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        with conn, conn.makefile('rwb', 0) as file:
            sender, to = b'', []
            file.write(b'220 behind ESMTP\r\n')
            while line := file.readline().strip():
                verb = line.upper().split(b' ')[0].split(b':')[0]
                if verb == b'MAIL':
                    sender, to = line[10:], []
                if verb == b'RCPT':
                    if b'refused@' in line:
                        file.write(b'550 5.1.1 nobody\r\n')
                        continue
                    to.append(line[8:].split(b'>')[0].strip(b'<').decode())
                if verb == b'DATA':
                    file.write(b'354 go\r\n')
                    data = b''
                    while (piece := file.readline()) not in (b'.\r\n', b''):
                        data += piece
                    self.letters.append((sender, to, data))
                file.write(b'250 behind\r\n' if verb == b'EHLO' else b'221 bye\r\n' if verb == b'QUIT' else b'250 2.0.0 ok\r\n')
                if verb == b'QUIT':
                    return

    def has(self, text, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for sender, to, data in list(self.letters):
                if text.encode() in data:
                    return sender, to, data
            time.sleep(0.05)
        raise AssertionError(f'{text} did not come: {self.letters}')

    def close(self):
        self.listener.close()


@pytest.fixture
def behind(site):
    server, cli = Behind(), site.instance.cli
    for domain, verify in ((DOMAIN, 'none'), (LISTED, 'list')):
        cli('domain', 'add', domain, '--relay', f'{HOST}:{server.port}', '--verify', verify)
    cli('domain', 'recipients', 'add', f'carl@{LISTED}')
    yield server
    cli('domain', 'recipients', 'remove', f'carl@{LISTED}')
    for domain in (DOMAIN, LISTED):
        cli('domain', 'remove', domain, '--yes')
    server.close()


def refusal(site, to):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        site.deliver([to], letter('stranger@outside.test', to, mark()))
    return next(iter(refused.value.recipients.values()))


def test_mail_from_outside_reaches_the_server_behind(site, behind):
    text = mark()
    site.deliver([f'Carl@{DOMAIN}'], letter('stranger@outside.test', f'Carl@{DOMAIN}', text))
    sender, to, data = behind.has(text)
    assert to == [f'Carl@{DOMAIN}'] and b'stranger@outside.test' in sender
    assert data.startswith(b'Received:') or b'\r\nReceived:' in data


def test_people_here_write_to_the_server_behind(site, behind):
    user, text = site.user('james.carter'), mark()
    site.send(user, [f'carl@{LISTED}'], letter(user['address'], f'carl@{LISTED}', text))
    assert behind.has(text)[1] == [f'carl@{LISTED}']


def test_unregistered_addresses_are_refused_at_rcpt(site, behind):
    code, said = refusal(site, f'nobody@{LISTED}')
    assert code == 550 and b'5.1.1' in said
    text = mark()
    site.deliver([f'CARL@{LISTED.upper()}'], letter('stranger@outside.test', f'carl@{LISTED}', text))
    behind.has(text)


def test_nothing_else_is_relayed(site, behind):
    for to in (f'a@sub.{DOMAIN}', f'a%outside.test@{DOMAIN}', f'outside.test!a@{DOMAIN}', f'"a@outside.test"@{DOMAIN}', f'a@{DOMAIN}.outside.test'):
        code, _ = refusal(site, to)
        assert 550 <= code <= 553, to
    assert behind.letters == []
