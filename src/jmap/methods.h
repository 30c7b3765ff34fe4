/*
 * JMAP_METHOD(name, capability, function): who names the capability in `using` may call it. The function is one of jmap/method.h, in a file of its
 * own. Included several times; no guard.
 */
JMAP_METHOD("Core/echo", CORE, jmap_core_echo)
JMAP_METHOD("Blob/copy", CORE, jmap_method_blob_copy)
JMAP_METHOD("Blob/upload", BLOB, jmap_method_blob_upload)
JMAP_METHOD("Blob/get", BLOB, jmap_method_blob_get)
JMAP_METHOD("Blob/lookup", BLOB, jmap_method_blob_lookup)
JMAP_METHOD("Mailbox/get", MAIL, jmap_mailbox_get)
JMAP_METHOD("Mailbox/changes", MAIL, jmap_mailbox_changes)
JMAP_METHOD("Mailbox/query", MAIL, jmap_mailbox_query)
JMAP_METHOD("Mailbox/queryChanges", MAIL, jmap_mailbox_query_changes)
JMAP_METHOD("Mailbox/set", MAIL, jmap_mailbox_set)
JMAP_METHOD("Thread/get", MAIL, jmap_thread_get)
JMAP_METHOD("Thread/changes", MAIL, jmap_thread_changes)
JMAP_METHOD("Email/get", MAIL, jmap_email_get)
JMAP_METHOD("Email/changes", MAIL, jmap_email_changes)
JMAP_METHOD("Email/query", MAIL, jmap_email_query)
JMAP_METHOD("Email/queryChanges", MAIL, jmap_email_query_changes)
JMAP_METHOD("Email/set", MAIL, jmap_email_set)
JMAP_METHOD("Email/copy", MAIL, jmap_email_copy)
JMAP_METHOD("SearchSnippet/get", MAIL, jmap_search_snippet_get)
