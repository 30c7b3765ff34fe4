/*
 * What a user who "sends like a bot" looks like: signs with points; a hundred together end the right to send (auth/meter.h).
 *
 * METER(id, "option", member, seconds, "threshold", points, "word", "help")
 *   The sign is there when more than the threshold was counted within so many seconds. 0: not looked at. HABIT and ODD_HOUR need ten days of sending to
 *   compare with. The word stands in events and, translated, in letters (filter/notice_text.c).
 *
 * Included several times; no guard.
 */
METER(MESSAGES, "contain.messages", contain_messages, 600, "100", 40, "many messages", "messages of a user in ten minutes")
METER(FLOOD, "contain.flood", contain_flood, 600, "1000", 100, "a flood of messages", "messages of a user in ten minutes that are enough by themselves")
METER(OUTSIDE, "contain.outside", contain_outside, 600, "30", 20, "many recipients in other organisations", "recipients outside in ten minutes")
METER(STRANGERS, "contain.strangers", contain_strangers, 600, "50", 40, "many recipients it never wrote to", "new recipients in ten minutes")
METER(REFUSED, "contain.refused", contain_refused, 600, "20", 40, "many recipients that do not exist", "refused recipients in ten minutes")
METER(BOUNCED, "contain.bounced", contain_bounced, 3600, "20", 60, "many messages that came back", "messages that came back in an hour")
METER(HABIT, "contain.habit", contain_habit, 600, "10", 20, "far more than its habit", "so many times as many messages in ten minutes as ever before")
METER(ODD_HOUR, "contain.odd_hour", contain_odd_hour, 600, "20", 20, "an hour of the day that is not usual for the account",
      "messages in ten minutes, at an hour when the user never sends")

#undef METER
