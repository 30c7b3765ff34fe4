/* REASON(name): why a check hit. The arguments stand behind; a name that was given out keeps its meaning. */
REASON(none)
REASON(no_reverse_name)
REASON(helo_bare)            /* helo */
REASON(helo_literal)         /* helo */
REASON(helo_ours)            /* helo */
REASON(listed)               /* zone, name, code */
REASON(fail)                 /* domain */
REASON(soft_fail)            /* domain */
REASON(policy_reject)        /* domain */
REASON(policy_quarantine)    /* domain */
REASON(policy_none)          /* domain */
REASON(unproven)             /* domain */
REASON(signed_partner)       /* domain */
REASON(answer_to_us)
REASON(correspondent)        /* letters */
REASON(good)                 /* percent */
REASON(bad)                  /* percent */
REASON(never_seen)
REASON(seen_since)           /* days */
REASON(always_signs)         /* letters */
REASON(other_origin)         /* letters */
REASON(from_missing)
REASON(from_doubled)
REASON(from_many)
REASON(date_missing)
REASON(date_future)          /* hours */
REASON(date_old)             /* days */
REASON(id_missing)
REASON(list)                 /* one may leave it */
REASON(list_no_exit)
REASON(many_recipients)      /* recipients */
REASON(same_name)            /* person */
REASON(similar_name)         /* person: homoglyphs */
REASON(romanised_name)       /* person: pinyin */
REASON(other_address)        /* shown, address */
REASON(mixed_scripts)        /* text or host */
REASON(invisible)            /* count */
REASON(homoglyph)            /* domain, like */
REASON(other_ending)         /* domain, like */
REASON(typing_error)         /* domain, like */
REASON(added_word)           /* domain, like */
REASON(embedded)             /* domain, like */
REASON(free_mail)            /* domain */
REASON(other_domain)         /* domain */
REASON(shows_other_host)     /* shown, host */
REASON(user_in_link)         /* host */
REASON(number_as_host)       /* host */
REASON(disguised_number)     /* host */
REASON(dangerous_scheme)     /* scheme */
REASON(all_lookalike)        /* host */
REASON(punycode)             /* host */
REASON(shortener)            /* host */
REASON(nested_target)        /* host, target */
REASON(split_words)          /* count */
REASON(asks_secret)          /* phrases */
REASON(asks_money)           /* phrases */
REASON(page_as_file)         /* file type */
REASON(doubled_extension)
REASON(turned_extension)     /* right-to-left override */
REASON(learnt_junk)          /* percent, tokens */
REASON(learnt_good)          /* percent, tokens */
