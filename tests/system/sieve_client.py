"""A small client of ManageSieve (RFC 5804)."""
import base64
import re
import socket


class Refused(Exception):
    pass


class Sieve:
    def __init__(self, site, user=None, starttls=True):
        self.socket = socket.create_connection(('127.0.0.1', site.ports['managesieve']), timeout=30)
        self.file = self.socket.makefile('rb')
        self.capabilities = self.read_answer()[1]
        if starttls:
            self.command('STARTTLS')
            self.socket = site.tls().wrap_socket(self.socket)
            self.file = self.socket.makefile('rb')
            self.capabilities = self.read_answer()[1]
        if user is not None:
            plain = base64.b64encode(f'\0{user["address"]}\0{user["password"]}'.encode()).decode()
            self.command(f'AUTHENTICATE "PLAIN" "{plain}"')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def read_line(self):
        line = self.file.readline()
        if not line:
            raise EOFError('the server closed the connection')
        literal = re.search(rb'\{(\d+)\}\r\n$', line)
        if literal:
            line = line[:literal.start()] + self.file.read(int(literal[1])) + self.file.readline()
        return line.decode().removesuffix('\r\n')

    def read_answer(self):
        lines = []
        while True:
            line = self.read_line()
            if line.startswith(('OK', 'NO', 'BYE')):
                return line, lines
            lines.append(line)

    def command(self, text):
        self.socket.sendall(text.encode() + b'\r\n')
        line, lines = self.read_answer()
        if not line.startswith('OK'):
            raise Refused(line)
        return lines

    def put(self, name, script, active=True):
        data = script.encode()
        self.socket.sendall(f'PUTSCRIPT "{name}" {{{len(data)}+}}\r\n'.encode() + data + b'\r\n')
        line, _ = self.read_answer()
        if not line.startswith('OK'):
            raise Refused(line)
        if active:
            self.command(f'SETACTIVE "{name}"')
