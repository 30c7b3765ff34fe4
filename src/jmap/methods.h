/*
 * JMAP_METHOD(name, capability, function): who names the capability in `using` may call it. The function is one of jmap/method.h, in a file of its
 * own. Included several times; no guard.
 */
JMAP_METHOD("Core/echo", CORE, jmap_core_echo)
JMAP_METHOD("Mailbox/get", MAIL, jmap_mailbox_get)
