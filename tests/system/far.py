"""A mail server behind the gateway, as a script plays it: knows some addresses, remembers what it was told, and misbehaves on demand."""
import contextlib
import socket
import struct
import threading
import time

from mail import HOST

PROXY_SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'


class Session:
    """One connection: what was said on it."""

    def __init__(self):
        self.verbs, self.lines, self.xclient, self.proxy, self.tls = [], [], [], None, False


class Far:
    """`known`: local parts that RCPT takes; None: all. `answers`: replies by verb instead of its own ("RCPT": b'450 …')."""

    def __init__(self, known=None, xclient=None, proxy=False, context=None, port=0):
        self.known, self.xclient, self.proxy, self.context = known, xclient, proxy, context
        self.sessions, self.letters, self.answers, self.open, self.lost = [], [], {}, set(), 0
        self.listener = socket.create_server((HOST, port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                conn = self.listener.accept()[0]
                self.open.add(conn)
                threading.Thread(target=self.guard, args=(conn,), daemon=True).start()

    def guard(self, conn):
        session = Session()
        self.sessions.append(session)
        with contextlib.suppress(OSError, ValueError), contextlib.closing(conn):
            self.serve(conn, session)
        self.open.discard(conn)

    def read_proxy(self, file):
        head = file.read(16)
        assert head[:12] == PROXY_SIGNATURE and head[12] >> 4 == 2, head
        length, = struct.unpack('>H', head[14:])
        body = file.read(length)
        if head[12] & 15 == 0:
            return 'local'
        size = 4 if head[13] == 0x11 else 16
        family = socket.AF_INET if size == 4 else socket.AF_INET6
        return socket.inet_ntop(family, body[:size]), struct.unpack('>H', body[2 * size:2 * size + 2])[0]

    def features(self, session):
        words = [b'far.test', b'PIPELINING', b'8BITMIME', b'SMTPUTF8', b'ENHANCEDSTATUSCODES']
        if self.xclient:
            words.append(b'XCLIENT ' + self.xclient)
        if self.context and not session.tls:
            words.append(b'STARTTLS')
        return b''.join(b'250%s%s\r\n' % (b' ' if i == len(words) - 1 else b'-', w) for i, w in enumerate(words))

    def takes(self, address):
        return self.known is None or address.split('@')[0].lower() in self.known

    def serve(self, conn, session):
        file = conn.makefile('rwb', 0)
        if self.proxy:
            session.proxy = self.read_proxy(file)
        file.write(b'220 far.test ESMTP\r\n')
        sender, to = '', []
        while line := file.readline().strip():
            verb = line.upper().split(b' ')[0].split(b':')[0].decode()
            session.verbs.append(verb)
            session.lines.append(line.decode())
            if verb in self.answers:
                file.write(self.answers[verb])
            elif verb == 'EHLO':
                file.write(self.features(session))
            elif verb == 'STARTTLS' and self.context:
                file.write(b'220 go\r\n')
                conn = self.context.wrap_socket(conn, server_side=True)
                file, session.tls = conn.makefile('rwb', 0), True
            elif verb == 'XCLIENT' and self.xclient:
                session.xclient.append(line.decode().split(' ', 1)[1])
                file.write(b'220 far.test ESMTP\r\n')
            elif verb == 'MAIL':
                sender, to = line.decode()[11:].split('>')[0], []
                file.write(b'250 2.1.0 ok\r\n')
            elif verb == 'RCPT':
                address = line.decode()[9:].split('>')[0]
                if self.takes(address):
                    to.append(address)
                    file.write(b'250 2.1.5 ok\r\n')
                else:
                    file.write(b'550 5.1.1 unknown\r\n')
            elif verb == 'DATA' and to:
                file.write(b'354 go\r\n')
                data = b''
                while (piece := file.readline()) not in (b'.\r\n', b''):
                    data += piece
                self.letters.append((sender, to, data, session))
                file.write(b'250 2.0.0 taken\r\n')
            elif verb == 'QUIT':
                file.write(b'221 2.0.0 bye\r\n')
                return
            else:
                file.write(b'250 2.0.0 ok\r\n' if verb in ('RSET', 'NOOP') else b'503 5.5.1 no\r\n')

    def has(self, text, seconds=30):
        """The letter with this text: reverse-path, recipients, bytes, session."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for found in list(self.letters):
                if text.encode() in found[2]:
                    return found
            time.sleep(0.05)
        raise AssertionError(f'{text} did not come')

    def count(self, verb):
        return sum(s.verbs.count(verb) for s in self.sessions)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # ends the accept() that waits
        self.listener.close()
        self.drop()

    def drop(self):
        """Ends all connections."""
        for conn in list(self.open):
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
