/*
 * The table of checks, in the order in which they run and are reported.
 * CHECK(name, what it speaks of, needs, limit in ms, when it cannot finish, points when it hits)
 * Ten points are a good hint, fifty make junk (policy/verdict.h). A note says what is special.
 */
/* ---- who answers for the letter ---- */
CHECK(client_unnamed, JUNK, NEED_OUTSIDE | NEED_CLIENT, 5, FAILURE_IGNORE, 10) /* no name that resolves back */
CHECK(helo_odd, JUNK, NEED_OUTSIDE, 5, FAILURE_IGNORE, 12) /* a bare name, a foreign address literal, our own name */
CHECK(client_listed, JUNK, NEED_OUTSIDE | NEED_CLIENT | NEED_DNS | NEED_LISTS, 50, FAILURE_IGNORE, 60) /* at most; points are the zone's */
CHECK(spf_failed, PHISHING, NEED_OUTSIDE | NEED_TRUST, 5, FAILURE_IGNORE, 20) /* half of it for a soft failure */
CHECK(dmarc_failed, PHISHING, NEED_OUTSIDE | NEED_TRUST, 5, FAILURE_IGNORE, 45) /* less for p=none; not behind a forwarder with ARC */
CHECK(own_domain_forged, PHISHING, NEED_OUTSIDE | NEED_TRUST | NEED_DOMAINS, 5, FAILURE_HOLD, 70) /* From is ours, nothing proves it */
CHECK(sender_trusted, JUNK, NEED_OUTSIDE | NEED_TRUST | NEED_SENDER, 5, FAILURE_IGNORE, -40) /* a signed partner, an answer to us */
CHECK(reputation, JUNK, NEED_OUTSIDE | NEED_SENDER, 5, FAILURE_IGNORE, 30) /* between -30 and 30 */
CHECK(first_contact, PHISHING, NEED_OUTSIDE | NEED_SENDER, 5, FAILURE_IGNORE, 3)
CHECK(domain_new, PHISHING, NEED_OUTSIDE | NEED_SENDER, 5, FAILURE_IGNORE, 12) /* fades over two weeks */
CHECK(habit_signs, PHISHING, NEED_OUTSIDE | NEED_SENDER | NEED_TRUST, 5, FAILURE_IGNORE, 35)
CHECK(habit_origin, PHISHING, NEED_OUTSIDE | NEED_SENDER | NEED_TRUST, 5, FAILURE_IGNORE, 25)
/* ---- how it was made ---- */
CHECK(header_odd, JUNK, NEED_OUTSIDE, 20, FAILURE_IGNORE, 15) /* by how much is missing, doubled or impossible */
CHECK(bulk, JUNK, NEED_OUTSIDE, 20, FAILURE_IGNORE, 12) /* 0 for a list that says how to leave it */
/* ---- who it says it is ---- */
CHECK(name_person, PHISHING, NEED_OUTSIDE | NEED_NAMES, 50, FAILURE_IGNORE, 60) /* a name of our people, another address */
CHECK(name_address, PHISHING, NEED_OUTSIDE, 20, FAILURE_IGNORE, 40) /* the name is an address of somebody else */
CHECK(name_scripts, PHISHING, NEED_OUTSIDE, 20, FAILURE_IGNORE, 25) /* letters of several scripts in one word, invisible ones */
CHECK(from_lookalike, PHISHING, NEED_OUTSIDE | NEED_DOMAINS, 100, FAILURE_IGNORE, 65)
CHECK(reply_to_other, PHISHING, NEED_OUTSIDE, 20, FAILURE_IGNORE, 30) /* less for another domain of business, none for lists */
/* ---- where its links lead ---- */
CHECK(link_mismatch, PHISHING, NEED_NOTHING, 100, FAILURE_IGNORE, 45) /* text shows one host, target is another */
CHECK(link_userinfo, PHISHING, NEED_NOTHING, 20, FAILURE_IGNORE, 45)
CHECK(link_address, PHISHING, NEED_NOTHING, 20, FAILURE_IGNORE, 25) /* an IP address; more when it is disguised */
CHECK(link_scheme, PHISHING, NEED_NOTHING, 20, FAILURE_IGNORE, 35) /* data:, javascript:, file: */
CHECK(link_scripts, PHISHING, NEED_NOTHING, 50, FAILURE_IGNORE, 35) /* mixed scripts, or look-alikes only; punycode alone is told for 0 */
CHECK(link_lookalike, PHISHING, NEED_DOMAINS, 100, FAILURE_IGNORE, 60)
CHECK(link_redirect, PHISHING, NEED_OUTSIDE, 50, FAILURE_IGNORE, 12) /* a shortener, or a target in the query */
CHECK(link_listed, JUNK, NEED_OUTSIDE | NEED_DNS | NEED_LISTS, 100, FAILURE_IGNORE, 60) /* at most; points are the zone's */
/* ---- what it says ---- */
CHECK(text_disguised, PHISHING, NEED_OUTSIDE, 100, FAILURE_IGNORE, 25) /* zero width and look-alike letters inside of words */
CHECK(text_pressure, PHISHING, NEED_OUTSIDE, 100, FAILURE_IGNORE, 20) /* asks for secrets or money, in a hurry */
CHECK(attachment_lure, PHISHING, NEED_OUTSIDE, 20, FAILURE_IGNORE, 25) /* HTML files, doubled and disguised extensions */
CHECK(bayes, JUNK, NEED_OUTSIDE | NEED_BAYES, 300, FAILURE_IGNORE, 60) /* between -36 and 60, by confidence */
