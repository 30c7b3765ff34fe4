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

# Who is in the address book only: nobody knows the password. local part, name, department
COLLEAGUES = [
    ('zhang.wei', '张伟', '销售部/华东'),
    ('shan.xiao', '单晓', '销售部/华东'),
    ('zeng.hua', '曾華', '销售部/台北'),
    ('ouyang.feng', '欧阳锋', '销售部'),
    ('olivia.brown', 'Olivia Brown', 'Engineering/Hardware'),
]
# In the organisation's own order.
DEPARTMENTS = ['总经办', '财务部', '销售部', 'Engineering', '行政部', '法务部', '审计部', '安全部', 'IT']
# local part: position, phone, mobile, staff number, place in the department
CARDS = {
    'lin.xiaomei': ('财务经理', '+86 21 5555 0101', '+86 138 0000 0101', 'A0101', 1),
    'wang.lei': ('会计', '+86 21 5555 0102', '', 'A0102', 2),
    'anna.schmidt': ('Head of Engineering', '+49 30 5555 0201', '', 'B0201', 1),
    'james.carter': ('Engineer', '+44 20 5555 0202', '+44 7700 900202', 'B0202', 3),
    'chen.yu': ('工程师', '+86 21 5555 0203', '', 'B0203', 2),
    'zhao.min': ('行政主管', '+86 21 5555 0301', '', 'C0301', 1),
    'maria.rossi': ('Office manager', '+39 06 5555 0302', '', 'C0302', 2),
    'ouyang.feng': ('销售总监', '+86 21 5555 0401', '+86 139 0000 0401', 'D0401', 1),
    'zhang.wei': ('销售经理', '+86 21 5555 0411', '+86 139 0000 0411', 'D0411', 1),
    'shan.xiao': ('客户代表', '+86 21 5555 0412', '', 'D0412', 2),
    'zeng.hua': ('業務經理', '+886 2 5555 0421', '', 'D0421', 1),
    'olivia.brown': ('Hardware engineer', '+1 415 555 0211', '', 'B0211', 1),
}

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
