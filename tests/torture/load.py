"""Clients that write down what the server promised: every acknowledged message, every UID that was shown."""
import collections
import imaplib
import random
import re
import smtplib
import ssl
import threading
import time
import uuid

HOST = '127.0.0.1'
ERRORS = (OSError, EOFError, smtplib.SMTPException, imaplib.IMAP4.error, imaplib.IMAP4.abort)
TOKEN = re.compile(rb'^X-Token: ([0-9a-f]{32})', re.M)


class Letter:
    def __init__(self, targets):
        self.token = uuid.uuid4().hex
        self.targets = targets      # (address, mailbox or mailboxes of which one has it) or (address, None) outside
        self.acknowledged = False
        self.refused = set()        # addresses that the acknowledging try left out
        self.uncertain = 0          # tries without a clear answer: each may have left a copy
        self.given_up = False       # an expunge was sent: it need not be there any more
        self.gone = False           # the expunge was answered: it must not be there any more

    def text(self, size):
        filler = ''.join(random.choice('abcdefghij klmnop\n') for _ in range(size)).replace('\n', '\r\n')
        return (f'From: torture@outside.test\r\nTo: someone@demo.test\r\nSubject: torture {self.token}\r\nX-Token: {self.token}\r\n'
                f'Message-ID: <{self.token}@outside.test>\r\n\r\n{filler}\r\n').encode()


class Book:
    """Everything that was promised."""

    def __init__(self):
        self.lock = threading.Lock()
        self.letters = []
        self.uids = {}                                  # (address, mailbox, uidvalidity, uid) -> token
        self.conflicts = []
        self.counts = collections.Counter()

    def add(self, letter):
        with self.lock:
            self.letters.append(letter)

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def seen(self, address, mailbox, validity, uid, token):
        with self.lock:
            known = self.uids.setdefault((address, mailbox, validity, uid), token)
            if known != token:
                self.conflicts.append(f'UID {uid} of {address}/{mailbox} was {known}, now {token}')


class Worker(threading.Thread):
    """Runs one kind of client over and over until told to stop; a broken connection is opened anew."""

    def __init__(self, load):
        super().__init__(daemon=True)
        self.load = load
        self.site, self.book = load.site, load.book
        self.user = random.choice(load.users)

    def run(self):
        while not self.load.ending.is_set():
            try:
                self.session()
            except ERRORS:
                self.book.count('broken sessions')
                time.sleep(0.05)

    def going(self):
        return not self.load.ending.is_set()


class Stranger(Worker):
    """Mail from outside over port 25 to one to three people; the same letter again after a failure."""
    letter = None

    def session(self):
        client = smtplib.SMTP(HOST, self.site.ports['smtp'], local_hostname='mx.outside.test', timeout=30)
        try:
            while self.going():
                if self.letter is None or self.letter.acknowledged:
                    people = random.sample(self.load.users, random.randint(1, 3))
                    self.letter = Letter([(u['address'], 'INBOX') for u in people])
                    self.text = self.letter.text(random.choice([100, 1500, 4000, 70000]))
                    self.book.add(self.letter)
                self.try_once(client)
        finally:
            client.close()

    def try_once(self, client):
        """One try of self.letter. Without a clear answer it counts as uncertain: it may have left a copy."""
        letter = self.letter
        letter.uncertain += 1
        try:
            letter.refused = set(client.sendmail(self.sender(), [a for a, _ in letter.targets], self.text))
        except smtplib.SMTPRecipientsRefused:
            letter.uncertain -= 1  # nothing was sent
            self.book.count('refused at RCPT')
            time.sleep(0.1)
            return
        except smtplib.SMTPResponseException:
            self.book.count('temporary failures')
            time.sleep(0.1)
            return
        letter.uncertain -= 1
        letter.acknowledged = True
        self.book.count(f'acknowledged to {type(self).__name__}')

    def sender(self):
        return 'torture@outside.test'


class Sender(Stranger):
    """A signed-in person who writes to the outside and to a colleague."""

    def session(self):
        client = smtplib.SMTP_SSL(HOST, self.site.ports['submissions'], context=self.load.tls, timeout=30)
        try:
            client.login(self.user['address'], self.user['password'])
            while self.going():
                if self.letter is None or self.letter.acknowledged:
                    other = random.choice(self.load.users)['address']
                    self.letter = Letter([(other, 'INBOX'), (f'box{random.randint(1, 9)}@outside.test', None)])
                    self.text = self.letter.text(1000).replace(b'torture@outside.test', self.user['address'].encode(), 1)
                    self.book.add(self.letter)
                self.try_once(client)
                time.sleep(0.02)
        finally:
            client.close()

    def sender(self):
        return self.user['address']


def sign_in(load, user):
    client = imaplib.IMAP4_SSL(HOST, load.site.ports['imaps'], ssl_context=load.tls, timeout=30)
    try:
        client.login(user['address'], user['password'])
    except BaseException:
        client.shutdown()
        raise
    return client


class Appender(Worker):
    """Puts messages into Archive by APPEND and believes APPENDUID."""

    def session(self):
        client = sign_in(self.load, self.user)
        try:
            while self.going():
                self.append(client)
        finally:
            client.shutdown()

    def append(self, client):
        """(letter, UID), or (None, None)."""
        letter = Letter([(self.user['address'], 'Archive')])
        self.book.add(letter)
        letter.uncertain += 1
        status, data = client.append('Archive', None, None, letter.text(2000))
        if status != 'OK':
            self.book.count('appends refused')
            time.sleep(0.1)
            return None, None
        letter.uncertain -= 1
        letter.acknowledged = True
        self.book.count(f'acknowledged to {type(self).__name__}')
        found = re.search(rb'APPENDUID (\d+) (\d+)', data[0])
        self.book.seen(self.user['address'], 'Archive', int(found[1]), int(found[2]), letter.token)
        return letter, found[2].decode()


class Mover(Appender):
    """Moves what it has appended to INBOX, or expunges it: a moved message is in one of the two, an expunged one never comes back."""

    def session(self):
        client = sign_in(self.load, self.user)
        try:
            client.select('Archive')
            while self.going():
                letter, uid = self.append(client)
                if letter:
                    random.choice([self.move, self.expunge])(client, letter, uid)
        finally:
            client.shutdown()

    def move(self, client, letter, uid):
        address = self.user['address']
        letter.targets = [(address, ('Archive', 'INBOX'))]
        if client.uid('MOVE', uid, 'INBOX')[0] == 'OK':
            letter.targets = [(address, 'INBOX')]
            self.book.count('moved')

    def expunge(self, client, letter, uid):
        if client.uid('STORE', uid, '+FLAGS.SILENT', r'(\Deleted)')[0] != 'OK':
            return
        letter.given_up = True
        if client.uid('EXPUNGE', uid)[0] == 'OK':
            letter.gone = True
            self.book.count('expunged')


class Reader(Worker):
    """Reads, flags, and checks that a UID never changes its message."""

    def session(self):
        client = sign_in(self.load, self.user)
        try:
            while self.going():
                for mailbox in ('INBOX', 'Archive'):
                    self.look(client, mailbox)
                time.sleep(0.2)
        finally:
            client.shutdown()

    def look(self, client, mailbox):
        client.select(mailbox)
        validity = int(client.response('UIDVALIDITY')[1][0])
        for uid, token in tokens(client, '1:*'):
            self.book.seen(self.user['address'], mailbox, validity, uid, token)
        client.uid('STORE', '1:*', '+FLAGS.SILENT', random.choice([r'(\Seen)', r'(\Flagged)', '($Label1)']))


def tokens(client, uids):
    """(uid, token) of the selected mailbox; token '' where a message has none."""
    status, data = client.uid('FETCH', uids, '(UID BODY.PEEK[HEADER.FIELDS (X-Token)])')
    if status != 'OK':
        raise imaplib.IMAP4.error('FETCH failed')
    for item in data:
        if isinstance(item, tuple):
            uid = re.search(rb'UID (\d+)', item[0])
            token = TOKEN.search(item[1])
            if uid:
                yield int(uid[1]), token[1].decode() if token else ''


class Load:
    def __init__(self, site, users, sessions=20):
        self.site, self.users = site, users
        self.book = Book()
        self.ending = threading.Event()
        self.tls = ssl.create_default_context(cafile=site.path('ca.pem'))
        self.tls.check_hostname = False
        kinds = [Stranger, Stranger, Appender, Sender, Reader, Mover]
        self.workers = [kinds[i % len(kinds)](self) for i in range(sessions)]

    def start(self):
        for worker in self.workers:
            worker.start()

    def stop(self):
        self.ending.set()
        for worker in self.workers:
            worker.join(60)
