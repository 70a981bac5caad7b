/* Liveness of one epoch, n = 4, f = 1: after the network heals some block becomes final (DESIGN.md section 8).
 *
 * The first ASYNCHRONOUS views may be so: timers fire whenever they like, until the network heals at a moment of
 * its choice. From then on it is synchronous: a timer fires only when nobody can do anything else (`timeout`), which
 * is what 2 delta and 3 delta stand for. Honest members are 0, 1, 2. The liar leads LIAR_VIEW: it shows each of
 * them one of two blocks or none. Its vote helps a certificate into being, or is refused, or comes late.
 *
 * Faults to seed: QUORUM=4 (wait for everyone), HUSH_AFTER_NOTARIZE (a timer says nothing after a notarize),
 * KEEP_CERTIFICATES (who has a certificate does not pass it on).
 */
#ifndef VIEWS
#define VIEWS 3
#endif
#ifndef QUORUM
#define QUORUM 3
#endif
#define LIAR_VIEW (VIEWS - 1)  /* then one view is left, led by an honest member */
#define ASYNCHRONOUS (VIEWS - 2)
#define LEADER(v) ((v) % 3)

#define NOTARIZE(x) (1 << (x))
#define NULLIFY 4
#define FINALIZE(x) (8 << (x))
#define ANY_NOTARIZE 3
#define ANY_FINALIZE 24
#define IN(v, what) ((what) << (5 * ((v) - 1)))

int sent[4];                   /* what each said; 3 is the liar, whose word is what it helped with */
int refused;                   /* what the liar has decided not to help with for now */
byte view[3];
byte seen[3];                  /* what the liar shows in its view: 0 nothing, 1 block A, 2 block B */
byte parent[2 * VIEWS + 2];
bool healed;

#define BLOCK(v, x) (2 * (v) + (x))
#define VIEW_OF(b) ((b) / 2)
#define GENESIS 1
#define SAID(m, v, what) ((sent[m] & IN(v, what)) != 0)
#define TWO ((sent[0] & sent[1]) | (sent[0] & sent[2]) | (sent[1] & sent[2]))
#define THREE (sent[0] & sent[1] & sent[2])
#if QUORUM == 3
#define ENOUGH (THREE | (TWO & sent[3]))
#define LIAR_DECIDES (TWO & ~THREE)
#else
#define ENOUGH (THREE & sent[3])
#define LIAR_DECIDES THREE
#endif
#define CERTIFIED(v, what) ((ENOUGH & IN(v, what)) != 0)
#define NULLIFIED(v) CERTIFIED(v, NULLIFY)
#define OVER(v) (CERTIFIED(v, NOTARIZE(0)) || CERTIFIED(v, NOTARIZE(1)) || NULLIFIED(v))
#define PASSED(u, from, to) ((u) <= (from) || (u) >= (to) || NULLIFIED(u))
#define NOTARIZED(b) ((b) == GENESIS || CERTIFIED(VIEW_OF(b), NOTARIZE((b) % 2)))
#define ADMISSIBLE(b, v) ((b) != 0 && VIEW_OF(b) < (v) && NOTARIZED(b) && \
  PASSED(1, VIEW_OF(b), v) && PASSED(2, VIEW_OF(b), v) && PASSED(3, VIEW_OF(b), v))
#define FINAL(v) (CERTIFIED(v, FINALIZE(0)) || CERTIFIED(v, FINALIZE(1)))
#define SHOWN(me, v, x) (parent[BLOCK(v, x)] != 0 && ((v) == LIAR_VIEW -> seen[me] == (x) + 1 : \
  (LEADER(v) == (me) || SAID(LEADER(v), v, NOTARIZE(0)))))

#ifdef HUSH_AFTER_NOTARIZE
#define MAY_NULLIFY(me, v) (!SAID(me, v, NULLIFY | ANY_FINALIZE | ANY_NOTARIZE))
#else
#define MAY_NULLIFY(me, v) (!SAID(me, v, NULLIFY | ANY_FINALIZE))
#endif
#define SILENT_IN(me, v) (!SAID(me, v, 31))

/* Rule 1: on the newest block it may extend. */
#define TRY(b, at, otherwise) ((parent[b] && ADMISSIBLE(b, at)) -> (b) : (otherwise))
#define NEWEST(at) TRY(BLOCK(LIAR_VIEW, 0), at, TRY(BLOCK(LIAR_VIEW, 1), at, \
  TRY(BLOCK(ASYNCHRONOUS, 0), at, TRY(BLOCK(1, 0), at, (ADMISSIBLE(GENESIS, at) -> GENESIS : 0)))))
#define PROPOSE(me, at) \
  :: d_step { (at) <= VIEWS && LEADER(at) == (me) && (at) != LIAR_VIEW && SILENT_IN(me, at) && NEWEST(at) -> \
      parent[BLOCK(at, 0)] = NEWEST(at); sent[me] = sent[me] | IN(at, NOTARIZE(0)) }

#ifdef KEEP_CERTIFICATES       /* only those whose own vote is in a certificate get to know it */
#define KNOWS_OVER(me, v) (OVER(v) && SAID(me, v, 31))
#else
#define KNOWS_OVER(me, v) OVER(v)
#endif

#define MEMBER(me) \
  :: d_step { view[me] <= VIEWS && KNOWS_OVER(me, view[me]) -> \
      if \
      :: CERTIFIED(view[me], NOTARIZE(0)) && !SAID(me, view[me], NULLIFY) -> \
          sent[me] = sent[me] | IN(view[me], FINALIZE(0)) \
      :: CERTIFIED(view[me], NOTARIZE(1)) && !SAID(me, view[me], NULLIFY) -> \
          sent[me] = sent[me] | IN(view[me], FINALIZE(1)) \
      :: else \
      fi; \
      view[me] = view[me] + 1 } \
  PROPOSE(me, view[me]) \
  :: d_step { view[me] <= VIEWS && SILENT_IN(me, view[me]) && SHOWN(me, view[me], 0) && \
      ADMISSIBLE(parent[BLOCK(view[me], 0)], view[me]) -> sent[me] = sent[me] | IN(view[me], NOTARIZE(0)) } \
  :: d_step { view[me] == LIAR_VIEW && SILENT_IN(me, LIAR_VIEW) && SHOWN(me, LIAR_VIEW, 1) && \
      ADMISSIBLE(parent[BLOCK(LIAR_VIEW, 1)], LIAR_VIEW) -> sent[me] = sent[me] | IN(LIAR_VIEW, NOTARIZE(1)) } \
  :: d_step { !healed && view[me] <= ASYNCHRONOUS && MAY_NULLIFY(me, view[me]) -> \
      sent[me] = sent[me] | IN(view[me], NULLIFY) } \
  :: d_step { timeout && view[me] <= VIEWS && MAY_NULLIFY(me, view[me]) -> \
      sent[me] = sent[me] | IN(view[me], NULLIFY) } \
  FINISH(me, 1, 0) \
  FINISH(me, ASYNCHRONOUS, 0) \
  FINISH(me, LIAR_VIEW, 0) \
  FINISH(me, LIAR_VIEW, 1) \
  FINISH(me, VIEWS, 0)

#define FINISH(me, v, x) \
  :: d_step { view[me] > (v) && CERTIFIED(v, NOTARIZE(x)) && !SAID(me, v, NULLIFY | ANY_FINALIZE) -> \
      sent[me] = sent[me] | IN(v, FINALIZE(x)) }

/* Where its vote decides, the liar helps or refuses; what it refused it may still give when all is quiet. It
 * never helps to finalize: that could only do good. */
#define HELP(v, what) \
  :: d_step { (LIAR_DECIDES & IN(v, what)) && !SAID(3, v, what) && !(refused & IN(v, what)) -> \
      sent[3] = sent[3] | IN(v, what) } \
  :: d_step { (LIAR_DECIDES & IN(v, what)) && !SAID(3, v, what) && !(refused & IN(v, what)) -> \
      refused = refused | IN(v, what) } \
  :: d_step { timeout && (LIAR_DECIDES & IN(v, what)) && !SAID(3, v, what) -> \
      sent[3] = sent[3] | IN(v, what) }

ltl some_block_becomes_final { <> (FINAL(1) || FINAL(ASYNCHRONOUS) || FINAL(LIAR_VIEW) || FINAL(VIEWS)) }

init {
  byte m;
  atomic {
    for (m : 0 .. 2) {
      view[m] = 1;
#ifdef WIDE
      if
      :: seen[m] = 0
      :: seen[m] = 1
      :: seen[m] = 2
      fi
#endif
    }
    m = 0;
#ifndef WIDE                   /* the splits that hurt most: nobody has a quorum without the liar */
    if
    :: seen[1] = 1; seen[2] = 2
    :: seen[0] = 1; seen[1] = 1; seen[2] = 2
    :: seen[0] = 1; seen[1] = 1
    fi;
#endif
    if
    :: parent[BLOCK(LIAR_VIEW, 0)] = GENESIS; parent[BLOCK(LIAR_VIEW, 1)] = GENESIS
#ifdef WIDE
    :: parent[BLOCK(LIAR_VIEW, 0)] = GENESIS; parent[BLOCK(LIAR_VIEW, 1)] = 2
    :: parent[BLOCK(LIAR_VIEW, 0)] = 2; parent[BLOCK(LIAR_VIEW, 1)] = 2
#endif
#if VIEWS > 3
    :: parent[BLOCK(LIAR_VIEW, 0)] = 2; parent[BLOCK(LIAR_VIEW, 1)] = 4
    :: parent[BLOCK(LIAR_VIEW, 0)] = 4; parent[BLOCK(LIAR_VIEW, 1)] = 4
#endif
    fi
  }
  do
  :: d_step { !healed -> healed = true }
  MEMBER(0)
  MEMBER(1)
  MEMBER(2)
  HELP(1, NOTARIZE(0))
  HELP(1, NULLIFY)
#if VIEWS > 3
  HELP(2, NOTARIZE(0))
  HELP(2, NULLIFY)
#endif
  HELP(LIAR_VIEW, NOTARIZE(0))
  HELP(LIAR_VIEW, NOTARIZE(1))
  HELP(LIAR_VIEW, NULLIFY)
  od
}
