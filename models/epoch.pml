/* The hand-off between two epochs (DESIGN.md section 4, "Epoch change"): 4 members, then 5.
 *
 * Views 1 and 2 are epoch 0: members 0, 1, 2 are honest, the fourth lies. A block may carry the change that
 * gives member 3 a seat: it ENDS the epoch, and until it is final leaders propose that same seal again. Views 3
 * and 4 are views 1 and 2 of epoch 1: members 0 to 3 are honest, the liar has the fifth seat, the quorum is 4.
 * The first seal of epoch 1 stands on the end of epoch 0 and rests on its finalization.
 *
 * Said and heard as in simplex.pml: whatever was said may be acted on now, later or never; the liar's vote
 * counts wherever it would decide; votes are durable when they are sent; a view is entered by speaking in it, an
 * epoch too. LIAR_VIEW (1 or 2) has two proposals, whatever the liar likes; the other views have at most one.
 *
 * Honest votes that make a certificate with the liar's: 2 of 3 in epoch 0 (n - f is 3 of 4), 3 of 4 in epoch 1
 * (n - f is 4 of 5).
 *
 * WIDE: both blocks of view 1 and the one of view 2 may or may not carry a change.
 *
 * Faults to seed with -D: HAND_OFF_ON_NOTARIZED FOLLOW_THE_END EPOCH_NOT_SIGNED QUORUM_2F1 PROPOSE_AFRESH
 * (a change that was notarized may be dropped for another block without its view being nullified).
 */
#ifndef LIAR_VIEW
#define LIAR_VIEW 1
#endif
#ifndef VIEWS
#define VIEWS 3                /* 4: with a second view of epoch 1 */
#endif
#define NEW_EPOCH(v) ((v) > 2)

#define NOTARIZE(x) (1 << (x))
#define NULLIFY 4
#define FINALIZE(x) (8 << (x))
#define ANY_FINALIZE 24
#define IN(v, what) ((what) << (5 * ((v) - 1)))
#define SPOKEN_ABOVE(word, v) (((word) & (IN((v) + 1, 7) | IN((v) + 2, 7) | IN((v) + 3, 7))) != 0)
#define LEFT(word, v) (!NEW_EPOCH(v) && ((word) & (IN(3, 31) | IN(4, 31))))

int sent[4];

/* Proposal x of view v is place 2v + x. `seal` says which block it is: its own number, or that of an older one
 * proposed again; 0: none. 1 is where the chain begins. */
#define PLACE(v, x) (2 * (v) + (x))
#define VIEW_OF(s) ((s) / 2)
#define GENESIS 1
byte seal[2 * VIEWS + 2];
byte parent[2 * VIEWS + 2];
bool ends[2 * VIEWS + 2];

#define SAID(m, v, what) ((sent[m] & IN(v, what)) != 0)
#ifdef EPOCH_NOT_SIGNED        /* a nullify of view 1 of epoch 0 passes for one of view 1 of epoch 1 */
#define HEARD(m) (sent[m] | ((sent[m] & IN(1, NULLIFY)) << 10))
#else
#define HEARD(m) sent[m]
#endif
#define TWO(i, j) (HEARD(i) & HEARD(j))
#define ENOUGH_0 (TWO(0, 1) | TWO(0, 2) | TWO(1, 2))
#ifdef QUORUM_2F1
#define ENOUGH_1 (ENOUGH_0 | TWO(0, 3) | TWO(1, 3) | TWO(2, 3))
#else
#define ENOUGH_1 ((TWO(0, 1) & (HEARD(2) | HEARD(3))) | (TWO(2, 3) & (HEARD(0) | HEARD(1))))
#endif
#define CERTIFIED(v, what) (((NEW_EPOCH(v) -> ENOUGH_1 : ENOUGH_0) & IN(v, what)) != 0)
#define NULLIFIED(v) CERTIFIED(v, NULLIFY)
#define OVER(v) (CERTIFIED(v, NOTARIZE(0)) || CERTIFIED(v, NOTARIZE(1)) || NULLIFIED(v))

#ifdef HAND_OFF_ON_NOTARIZED
#define ENDING(v, x) (CERTIFIED(v, NOTARIZE(x)) && ends[seal[PLACE(v, x)]])
#else
#define ENDING(v, x) (CERTIFIED(v, FINALIZE(x)) && ends[seal[PLACE(v, x)]])
#endif
#define ENDED (ENDING(1, 0) || ENDING(1, 1) || ENDING(2, 0) || ENDING(2, 1))
#define IS_END(b) ((ENDING(1, 0) && seal[2] == (b)) || (ENDING(1, 1) && seal[3] == (b)) || \
  (ENDING(2, 0) && seal[4] == (b)) || (ENDING(2, 1) && seal[5] == (b)))
#define SOME_END_FINAL ((CERTIFIED(1, FINALIZE(0)) && ends[seal[2]]) || (CERTIFIED(1, FINALIZE(1)) && ends[seal[3]]) || \
  (CERTIFIED(2, FINALIZE(0)) && ends[seal[4]]) || (CERTIFIED(2, FINALIZE(1)) && ends[seal[5]]))

/* Whether the proposal at place s may be voted on, by what its view is. */
#define NOTARIZED_1(b) (((b) == 2 && CERTIFIED(1, NOTARIZE(0))) || ((b) == 3 && CERTIFIED(1, NOTARIZE(1))))
#ifdef FOLLOW_THE_END
#define FOLLOWS(p) NOTARIZED_1(p)
#else
#define FOLLOWS(p) (NOTARIZED_1(p) && !ends[p])
#endif
#ifdef PROPOSE_AFRESH
#define STEPS_AROUND true
#else
#define STEPS_AROUND NULLIFIED(1)
#endif
#define FITS_1(s) (parent[seal[s]] == GENESIS)
#define FITS_2(s) (seal[s] == (s) -> (parent[s] == GENESIS -> STEPS_AROUND : FOLLOWS(parent[s])) : \
  (NOTARIZED_1(seal[s]) && ends[seal[s]]))
#define FITS_3(s) IS_END(parent[s])
#define FITS_4(s) (parent[s] == 6 -> CERTIFIED(3, NOTARIZE(0)) : (IS_END(parent[s]) && NULLIFIED(3)))

#define HERE_1(word) (!SPOKEN_ABOVE(word, 1))
#define HERE_2(word) (OVER(1) && !SPOKEN_ABOVE(word, 2))
#define HERE_3(word) (ENDED && !SPOKEN_ABOVE(word, 3))
#define HERE_4(word) (ENDED && OVER(3))

hidden byte m, v, f, b, p;
hidden int t;
hidden byte NULLIFY_AND_FINALIZE, ONE_NOTARIZED, ONE_OUTCOME, ANCESTRY, NOTHING_AFTER_THE_END, HAND_OFF_FINAL;

inline check() {
  v = 1;
  do
  :: v > VIEWS -> break
  :: else ->
    m = 0;
    do
    :: m == 4 -> break
    :: else ->
      assert(NULLIFY_AND_FINALIZE || !(SAID(m, v, NULLIFY) && SAID(m, v, ANY_FINALIZE)));
      m++
    od;
    assert(ONE_NOTARIZED || !(CERTIFIED(v, NOTARIZE(0)) && CERTIFIED(v, NOTARIZE(1))));
#ifndef ONLY_ANCESTRY
    assert(ONE_OUTCOME || !(NULLIFIED(v) && (CERTIFIED(v, FINALIZE(0)) || CERTIFIED(v, FINALIZE(1)))));
#endif
    v++
  od;
  /* The old epoch has nothing after a seal that ends it; the new one begins on a final one. */
  assert(NOTHING_AFTER_THE_END || !(CERTIFIED(2, NOTARIZE(0)) && seal[4] == 4 && ends[parent[4]]));
  assert(NOTHING_AFTER_THE_END || !(CERTIFIED(2, NOTARIZE(1)) && seal[5] == 5 && ends[parent[5]]));
#ifndef ONLY_ANCESTRY
  assert(HAND_OFF_FINAL || !((sent[0] | sent[1] | sent[2] | sent[3]) & (IN(3, 31) | IN(4, 31))) || SOME_END_FINAL);
#endif
  /* Across both epochs: what is notarized in or after the view of a final block descends from it. */
  f = 2;
  do
  :: f == 2 * VIEWS + 2 -> break
  :: f < 2 * VIEWS + 2 && CERTIFIED(VIEW_OF(f), FINALIZE(f % 2)) ->
    b = 2 * VIEW_OF(f);
    do
    :: b == 2 * VIEWS + 2 -> break
    :: b < 2 * VIEWS + 2 && CERTIFIED(VIEW_OF(b), NOTARIZE(b % 2)) ->
      p = seal[b];
      do
      :: p > seal[f] -> p = parent[p]
      :: else -> break
      od;
      assert(ANCESTRY || p == seal[f]);
      b++
    :: else -> b++
    od;
    f++
  :: else -> f++
  od
}

inline order(i, j) {
  if
  :: sent[i] > sent[j] -> t = sent[i]; sent[i] = sent[j]; sent[j] = t
  :: else
  fi
}

inline say(who, at, what) {
  sent[who] = sent[who] | IN(at, what);
  check();
  order(0, 1);
  order(1, 2);
  order(0, 1)
}

#define MAY_FINALIZE(word, at) (!((word) & IN(at, NULLIFY | ANY_FINALIZE)) && !LEFT(word, at))
#define VOTE(who, at, HERE, FITS) \
  :: d_step { HERE(sent[who]) && !(sent[who] & IN(at, 31)) && seal[PLACE(at, 0)] && FITS(PLACE(at, 0)) -> \
      say(who, at, NOTARIZE(0)) } \
  :: d_step { HERE(sent[who]) && !(sent[who] & IN(at, 31)) && seal[PLACE(at, 1)] && FITS(PLACE(at, 1)) -> \
      say(who, at, NOTARIZE(1)) } \
  :: d_step { HERE(sent[who]) && !(sent[who] & IN(at, NULLIFY | ANY_FINALIZE)) -> say(who, at, NULLIFY) } \
  :: d_step { MAY_FINALIZE(sent[who], at) && CERTIFIED(at, NOTARIZE(0)) -> say(who, at, FINALIZE(0)) } \
  :: d_step { MAY_FINALIZE(sent[who], at) && CERTIFIED(at, NOTARIZE(1)) -> say(who, at, FINALIZE(1)) }

#define FRESH(s, on) seal[s] = s; parent[s] = on
inline choose_1(s) {
  seal[s] = s;
  parent[s] = GENESIS;
  if
  :: s == 2 -> ends[s] = true
#ifdef WIDE
  :: ends[s] = true
#endif
  :: s == 3 -> skip
  fi
}

/* Any block of view 2: new on one of these, or one of view 1 again; with WIDE it may end the epoch itself. */
inline choose_2(s) {
  if
  :: FRESH(s, GENESIS)
  :: FRESH(s, 2)
  :: seal[s] = 2
#ifdef WIDE
  :: seal[3] -> FRESH(s, 3)
  :: seal[3] -> seal[s] = 3
  :: FRESH(s, GENESIS); ends[s] = true
  :: seal[3] -> FRESH(s, 3); ends[s] = true
#endif
  fi
}

#define MAKE(s, on, when) :: d_step { !seal[s] && (when) -> FRESH(s, on) }

init {
  atomic {
    choose_1(2);
#if LIAR_VIEW == 1
    choose_1(3);
    choose_2(4)
#else
#ifdef WIDE
    choose_2(4);
    choose_2(5)
#else
    FRESH(4, GENESIS);         /* one block goes around the change, the other is the change again */
    seal[5] = 2
#endif
#endif
  };
  do
  MAKE(6, 2, IS_END(2))
  MAKE(6, 3, IS_END(3))
  MAKE(6, 4, IS_END(4))
  MAKE(6, 5, IS_END(5))
#if VIEWS > 3
  MAKE(8, 6, CERTIFIED(3, NOTARIZE(0)))
  MAKE(8, 2, IS_END(2) && NULLIFIED(3))
  MAKE(8, 3, IS_END(3) && NULLIFIED(3))
  MAKE(8, 4, IS_END(4) && NULLIFIED(3))
  MAKE(8, 5, IS_END(5) && NULLIFIED(3))
#endif
  VOTE(0, 1, HERE_1, FITS_1)
  VOTE(1, 1, HERE_1, FITS_1)
  VOTE(2, 1, HERE_1, FITS_1)
  VOTE(0, 2, HERE_2, FITS_2)
  VOTE(1, 2, HERE_2, FITS_2)
  VOTE(2, 2, HERE_2, FITS_2)
  VOTE(0, 3, HERE_3, FITS_3)
  VOTE(1, 3, HERE_3, FITS_3)
  VOTE(2, 3, HERE_3, FITS_3)
  VOTE(3, 3, HERE_3, FITS_3)
#if VIEWS > 3
  VOTE(0, 4, HERE_4, FITS_4)
  VOTE(1, 4, HERE_4, FITS_4)
  VOTE(2, 4, HERE_4, FITS_4)
  VOTE(3, 4, HERE_4, FITS_4)
#endif
  od
}
