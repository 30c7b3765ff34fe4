"""Who works at demo.test."""

DOMAIN = 'demo.test'
HOSTNAME = 'mail.demo.test'
OUTSIDE = 'outside.test'

# local part, name, department, role
PEOPLE = [
    ('lin.xiaomei', '林晓梅', '财务部', 'department'),
    ('wang.lei', '王磊', '财务部', 'user'),
    ('anna.schmidt', 'Anna Schmidt', 'Engineering', 'department'),
    ('james.carter', 'James Carter', 'Engineering', 'user'),
    ('chen.yu', '陈宇', 'Engineering', 'user'),
    ('zhao.min', '赵敏', '行政部', 'department'),
    ('maria.rossi', 'Maria Rossi', '行政部', 'user'),
]

# People who run the system; they have no mailbox, and sign in with a second factor.
STAFF = [
    ('admin', '系统管理员 Administrator', 'IT', 'administrator'),
    ('officer', '安全管理员 Security officer', '安全部', 'officer'),
    ('auditor', '审计员 Auditor', '审计部', 'auditor'),
    ('approver', '审批人 Approver', '总经办', 'approver'),
    ('custodian1', '密钥保管人 Custodian 1', '法务部', 'custodian'),
    ('custodian2', '密钥保管人 Custodian 2', '财务部', 'custodian'),
    ('custodian3', '密钥保管人 Custodian 3', '行政部', 'custodian'),
]

# shared address, name, members
GROUPS = [
    ('info', '公司信箱 Information', ['zhao.min', 'maria.rossi']),
    ('finance', '财务共享信箱 Finance', ['lin.xiaomei', 'wang.lei']),
]

ALIASES = [('postmaster', 'maria.rossi'), ('office', 'zhao.min')]


def address(local):
    return f'{local}@{DOMAIN}'


def name_of(local):
    for person in PEOPLE:
        if person[0] == local:
            return person[1]
    for group in GROUPS:
        if group[0] == local:
            return group[1]
    return ''
