"""Fills a running instance the way people would: own passwords, old letters by APPEND, new ones by 25 and 465."""
import concurrent.futures
import datetime
import glob
import imaplib
import os
import secrets
import smtplib
import tempfile
import time

import letters
from api import Api
from instance import Failure
from people import ALIASES, CARDS, COLLEAGUES, DEPARTMENTS, DOMAIN, GROUPS, OUTSIDE, PEOPLE, STAFF, address

ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'


def password():
    return '-'.join(''.join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


class Seeder:
    def __init__(self, instance, languages=False):
        """languages: the system writes to everybody in the language of the name; else in that of the configuration."""
        self.i, self.languages = instance, languages
        self.users, self.staff = [], []

    def run(self):
        self.make_accounts()
        maker = letters.make(datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0))
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda user: self.append_all(user, maker.letters), self.users))
        self.send_all(maker)
        self.mark_some()
        self.enrol_staff()
        return self.users

    # ---- accounts ----

    def make_accounts(self):
        cli = self.i.cli
        cli('domain', 'add', DOMAIN)
        self.users = [self.make_person(*person) for person in PEOPLE]
        self.staff = [self.make_person(*person) for person in STAFF]
        for user in self.users[1:] + self.staff:
            del user['recovery_code']  # theirs is known to nobody but them
        self.make_cards()
        for local, name, members in GROUPS:
            cli('group', 'add', address(local), *[address(m) for m in members], '--name', name)
        for alias, target in ALIASES:
            cli('alias', 'add', address(alias), address(target))

    def make_cards(self):
        cli = self.i.cli
        for local, name, department in COLLEAGUES:
            cli('user', 'add', address(local), '--name', name, '--department', department, '--stdin', stdin=password() + '\n')
        for place, department in enumerate(DEPARTMENTS, 1):
            cli('department', 'set', department, '--place', str(place))
        with tempfile.NamedTemporaryFile('w', suffix='.csv', encoding='utf-8') as f:
            f.write('address,position,phone,mobile,staff_number,place\n')
            f.writelines(f'{address(local)},{",".join(map(str, card))}\n' for local, card in CARDS.items())
            f.flush()
            cli('department', 'import', f.name)

    def enrol_staff(self):
        """Second factors; from the administrator's on the local user has the emergency access only. The administrator stays signed in."""
        for person in self.staff:
            api = Api(self.i.ports['management'], self.tls()).sign_in(person['address'], person['password'], label='demo')
            person['totp_secret'] = api.enrol_totp()
            if person['role'] == 'administrator':
                self.i.keep_session(api.token)

    def make_person(self, local, name, department, role):
        first, own = password(), password()
        language = ['--language', 'en' if name.isascii() else 'zh-CN'] if self.languages else []
        self.i.cli('user', 'add', address(local), '--name', name, '--department', department, '--role', role, *language, '--stdin', stdin=first + '\n')
        result = self.i.cli('user', 'passwd', address(local), '--stdin', stdin=f'{first}\n{own}\n')
        return {'address': address(local), 'password': own, 'name': name, 'department': department, 'role': role,
                'recovery_code': result['recovery_code']}

    def user(self, addr):
        return next(u for u in self.users if u['address'] == addr)

    # ---- ways in ----

    def imap(self, user):
        client = imaplib.IMAP4_SSL('127.0.0.1', self.i.ports['imaps'], ssl_context=self.tls())
        client.login(user['address'], user['password'])
        return client

    def tls(self):
        context = self.i.tls()
        context.check_hostname = False  # the address is an IP; the certificate is checked against our CA
        return context

    def append_all(self, user, all_letters):
        local = user['address'].partition('@')[0]
        with self.imap(user) as client:
            made = set()
            for letter in all_letters:
                if letter.way != 'append' or letter.owner != local:
                    continue
                if letter.mailbox not in made and letter.mailbox != 'INBOX':
                    client.create(letter.mailbox)  # "exists already" is as good
                    client.subscribe(letter.mailbox)
                    made.add(letter.mailbox)
                self.append(client, letter)

    @staticmethod
    def append(client, letter):
        status, answer = client.append(letter.mailbox, f'({letter.flags})', imaplib.Time2Internaldate(letter.when), letter.data)
        if status != 'OK':
            raise Failure(f'APPEND to {letter.owner} {letter.mailbox}: {answer}')

    def send_all(self, maker):
        for letter in maker.letters:
            if letter.way == '25':
                self.send_outside(letter)
            elif letter.way == '465':
                self.send_inside(letter)
        proposal = next(x for x in maker.letters if x.key == 'proposal')
        self.wait('the letter to the outside', lambda: glob.glob(os.path.join(self.i.path('outside'), '**', '*partner*', '**'), recursive=True))
        self.send_outside(letters.reply_from_outside(maker, proposal.extra['id']))
        self.wait('the bounce', lambda: self.count('wang.lei', 'FROM', 'MAILER-DAEMON') > 0)

    def send_outside(self, letter):
        with smtplib.SMTP('127.0.0.1', self.i.ports['smtp'], local_hostname=f'mx.{OUTSIDE}', timeout=60) as client:
            client.starttls(context=self.tls())
            client.sendmail(letter.sender, letter.to, letter.data)

    def send_inside(self, letter):
        user = self.user(letter.sender)
        with smtplib.SMTP_SSL('127.0.0.1', self.i.ports['submissions'], context=self.tls(), timeout=60) as client:
            client.login(user['address'], user['password'])
            client.sendmail(letter.sender, letter.to, letter.data)
        letter.mailbox, letter.when, letter.flags = 'Sent', datetime.datetime.now(datetime.timezone.utc), '\\Seen'
        with self.imap(user) as imap:
            imap.create('Sent')
            self.append(imap, letter)

    def count(self, local, *criteria):
        with self.imap(self.user(address(local))) as client:
            client.select('INBOX', readonly=True)
            return len(client.search(None, *criteria)[1][0].split())

    @staticmethod
    def wait(what, condition, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise Failure(f'{what} did not arrive in {seconds} s')
            time.sleep(0.1)

    def mark_some(self):
        """People read, answer and star their mail."""
        for user in self.users:
            with self.imap(user) as client:
                client.select('INBOX')
                numbers = client.search(None, 'ALL')[1][0].split()
                if len(numbers) > 2:
                    client.store(numbers[0], '+FLAGS', '(\\Seen \\Answered)')
                    client.store(numbers[1], '+FLAGS', '(\\Flagged $Important)')
