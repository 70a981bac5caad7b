/* Safety of one epoch: the Simplex dialect of DESIGN.md section 4, n = 4, f = 1, VIEWS views.
 *
 * Three members are honest. The fourth lies: its vote is counted for whatever would reach a quorum with it, and
 * in the views of BYZ_LEADS it makes two blocks on any parents. The network is asynchronous: whatever was said
 * may be acted on now, later or never, so a certificate is at hand for whoever acts on it as soon as its votes
 * were sent. A member's view needs no variable: it enters a view in the step in which it speaks there, and
 * speaks in no view below one it has spoken in. Which honest member leads does not matter for safety: a view
 * that the liar does not lead has at most one block, made on any parent that is admissible at that moment.
 *
 * Member 0 writes a vote to memory, then to the journal, then to the network, and may crash between any two
 * (CRASHES times): the memory is lost; a crash that keeps the write is a sync followed by a crash. The others
 * do all three in one step; where they are alike they are kept in order, so that states that differ only in
 * their names are searched once.
 *
 * Faults to seed with -D (each must be found; models/runs.json says by which assertion):
 *   QUORUM=2 LIARS=2 FINALIZE_AFTER_NULLIFY NULLIFY_AFTER_FINALIZE NOTARIZE_TWICE NO_NULLIFICATIONS
 *   NO_PARENT_CERTIFICATE SEND_FIRST FORGET_JOURNAL
 */
#ifndef VIEWS
#define VIEWS 3
#endif
#ifndef QUORUM
#define QUORUM 3
#endif
#ifndef LIARS                  /* more than one: another honest member's votes count for anything too */
#define LIARS 1
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef BYZ_LEADS              /* bit v: the liar leads view v */
#define BYZ_LEADS 4
#endif
#define LED_BY_LIAR(v) ((BYZ_LEADS >> (v)) & 1)
#define NEED (QUORUM - LIARS)  /* honest votes that make a certificate */

/* What a member says of one view, five bits each; B is the second block of an equivocating leader. */
#define NOTARIZE(x) (1 << (x))
#define NULLIFY 4
#define FINALIZE(x) (8 << (x))
#define ANY_NOTARIZE 3
#define ANY_FINALIZE 24
#define IN(v, what) ((what) << (5 * ((v) - 1)))
#define SPOKEN_ABOVE(word, v) (((word) & (IN((v) + 1, 7) | IN((v) + 2, 7) | IN((v) + 3, 7))) != 0)

int sent[3];                   /* by member: what anyone may have heard */
int own;                       /* what member 0 remembers to have said */
int dur;                       /* what its journal holds */
byte crashes;

/* Blocks: number 2v + x is block x (0, 1) of view v; 1 is where the chain begins; parent 0: not made. */
#define BLOCK(v, x) (2 * (v) + (x))
#define VIEW_OF(b) ((b) / 2)
#define GENESIS 1
byte parent[2 * VIEWS + 2];

#define SAID(m, v, what) ((sent[m] & IN(v, what)) != 0)
#if NEED == 2
#define ENOUGH ((sent[0] & sent[1]) | (sent[0] & sent[2]) | (sent[1] & sent[2]))
#else
#define ENOUGH (sent[0] | sent[1] | sent[2])
#endif
#define CERTIFIED(v, what) ((ENOUGH & IN(v, what)) != 0)
#define NULLIFIED(v) CERTIFIED(v, NULLIFY)
#define OVER(v) ((v) == 0 || CERTIFIED(v, NOTARIZE(0)) || CERTIFIED(v, NOTARIZE(1)) || NULLIFIED(v))

/* Rule 2: the parent is notarized and every view between is nullified. */
#ifdef NO_NULLIFICATIONS
#define PASSED(u, from, to) true
#else
#define PASSED(u, from, to) ((u) <= (from) || (u) >= (to) || NULLIFIED(u))
#endif
#ifdef NO_PARENT_CERTIFICATE
#define NOTARIZED(b) true
#else
#define NOTARIZED(b) ((b) == GENESIS || CERTIFIED(VIEW_OF(b), NOTARIZE((b) % 2)))
#endif
#define ADMISSIBLE(b, v) ((b) != 0 && VIEW_OF(b) < (v) && NOTARIZED(b) && \
  PASSED(1, VIEW_OF(b), v) && PASSED(2, VIEW_OF(b), v) && PASSED(3, VIEW_OF(b), v))

/* What a member that remembers `word` may still say in view v. */
#ifdef NOTARIZE_TWICE
#define MAY_NOTARIZE(word, v, x) (!((word) & IN(v, NOTARIZE(x) | NULLIFY)))
#else
#define MAY_NOTARIZE(word, v, x) (!((word) & IN(v, 31)))
#endif
#ifdef NULLIFY_AFTER_FINALIZE
#define MAY_NULLIFY(word, v) (!((word) & IN(v, NULLIFY)))
#else
#define MAY_NULLIFY(word, v) (!((word) & IN(v, NULLIFY | ANY_FINALIZE)))
#endif
#ifdef FINALIZE_AFTER_NULLIFY
#define MAY_FINALIZE(word, v) (!((word) & IN(v, ANY_FINALIZE)))
#else
#define MAY_FINALIZE(word, v) (!((word) & IN(v, NULLIFY | ANY_FINALIZE)))
#endif
/* Rules 3, 4 and 7: one certificate of the view below is enough to be here; nobody goes back. */
#define HERE(word, v) (OVER((v) - 1) && !SPOKEN_ABOVE(word, v))

hidden byte m, v, f, b, p;
hidden int t;

/* Promises by name: always false, so that what spin prints says which one was broken. */
hidden byte NULLIFY_AND_FINALIZE, TWO_NOTARIZE, TWO_FINALIZE, ONE_NOTARIZED, ONE_OUTCOME, ANCESTRY, DURABLE_FIRST;
#ifdef ONLY_ANCESTRY           /* to see what a fault does to the chain, not only to one member's word */
#define MUST(name, what) skip
#else
#define MUST(name, what) assert(name || (what))
#endif

/* What must never be seen, looked at after every sending. */
inline check() {
  v = 1;
  do
  :: v > VIEWS -> break
  :: else ->
    m = 0;
    do
    :: m == 3 -> break
    :: else ->
      MUST(NULLIFY_AND_FINALIZE, !(SAID(m, v, NULLIFY) && SAID(m, v, ANY_FINALIZE)));
      MUST(TWO_NOTARIZE, !(SAID(m, v, NOTARIZE(0)) && SAID(m, v, NOTARIZE(1))));
      MUST(TWO_FINALIZE, !(SAID(m, v, FINALIZE(0)) && SAID(m, v, FINALIZE(1))));
      m++
    od;
    MUST(ONE_NOTARIZED, !(CERTIFIED(v, NOTARIZE(0)) && CERTIFIED(v, NOTARIZE(1))));
    MUST(ONE_OUTCOME, !(NULLIFIED(v) && (CERTIFIED(v, FINALIZE(0)) || CERTIFIED(v, FINALIZE(1)))));
    v++
  od;
  /* Every block notarized in or after the view of a final one descends from it; so there is one final chain. */
  f = 2;
  do
  :: f == 2 * VIEWS + 2 -> break
  :: f < 2 * VIEWS + 2 && CERTIFIED(VIEW_OF(f), FINALIZE(f % 2)) ->
    b = 2 * VIEW_OF(f);
    do
    :: b == 2 * VIEWS + 2 -> break
    :: b < 2 * VIEWS + 2 && CERTIFIED(VIEW_OF(b), NOTARIZE(b % 2)) ->
      p = b;
      do
      :: VIEW_OF(p) > VIEW_OF(f) -> p = parent[p]
      :: else -> break
      od;
      assert(ANCESTRY || p == f);
      b++
    :: else -> b++
    od;
    f++
  :: else -> f++
  od
}

#if CRASHES > 0
#define WORD(who) ((who) == 0 -> own : sent[who])
#else
#define WORD(who) sent[who]
#endif

inline say(who, view, what) {
#if CRASHES > 0
  if
  :: who == 0 -> own = own | IN(view, what)
  :: else -> sent[who] = sent[who] | IN(view, what); check()
  fi;
#else
  sent[who] = sent[who] | IN(view, what);
  check();
  if
  :: sent[0] > sent[1] -> t = sent[0]; sent[0] = sent[1]; sent[1] = t
  :: else
  fi;
#endif
  if
  :: sent[1] > sent[2] -> t = sent[1]; sent[1] = sent[2]; sent[2] = t
  :: else
  fi;
#if CRASHES == 0
  if
  :: sent[0] > sent[1] -> t = sent[0]; sent[0] = sent[1]; sent[1] = t
  :: else
  fi
#endif
}

#define MAKE(at, on) d_step { !LED_BY_LIAR(at) && !parent[BLOCK(at, 0)] && OVER((at) - 1) && \
  ((on) == GENESIS || parent[on]) && ADMISSIBLE(on, at) -> parent[BLOCK(at, 0)] = on }

#define VOTE(who, at) \
  :: d_step { HERE(WORD(who), at) && MAY_NOTARIZE(WORD(who), at, 0) && ADMISSIBLE(parent[BLOCK(at, 0)], at) -> \
      say(who, at, NOTARIZE(0)) } \
  :: d_step { HERE(WORD(who), at) && MAY_NOTARIZE(WORD(who), at, 1) && ADMISSIBLE(parent[BLOCK(at, 1)], at) -> \
      say(who, at, NOTARIZE(1)) } \
  :: d_step { HERE(WORD(who), at) && MAY_NULLIFY(WORD(who), at) -> say(who, at, NULLIFY) } \
  :: d_step { MAY_FINALIZE(WORD(who), at) && CERTIFIED(at, NOTARIZE(0)) -> say(who, at, FINALIZE(0)) } \
  :: d_step { MAY_FINALIZE(WORD(who), at) && CERTIFIED(at, NOTARIZE(1)) -> say(who, at, FINALIZE(1)) }

#ifdef SEND_FIRST
#define SENDABLE own
#else
#define SENDABLE dur
#endif

/* The liar's blocks, each on any block of an earlier view, notarized or not: chosen at the start. */
inline lie(at) {
  if
  :: LED_BY_LIAR(at) ->
    if
    :: parent[BLOCK(at, 0)] = GENESIS
    :: at > 1 -> parent[BLOCK(at, 0)] = 2
    :: at > 2 -> parent[BLOCK(at, 0)] = 4
    fi;
    if
    :: parent[BLOCK(at, 1)] = GENESIS
    :: at > 1 -> parent[BLOCK(at, 1)] = 2
    :: at > 2 -> parent[BLOCK(at, 1)] = 4
    :: at > 1 && LED_BY_LIAR(1) -> parent[BLOCK(at, 1)] = 3
    :: at > 2 && LED_BY_LIAR(2) -> parent[BLOCK(at, 1)] = 5
    fi
  :: else
  fi
}

init {
  atomic {
    lie(1);
    lie(2);
#if VIEWS > 2
    lie(3)
#endif
  };
  do
  :: MAKE(1, GENESIS)
  :: MAKE(2, GENESIS)
  :: MAKE(2, 2)
  :: MAKE(2, 3)
#if VIEWS > 2
  :: MAKE(3, GENESIS)
  :: MAKE(3, 2)
  :: MAKE(3, 3)
  :: MAKE(3, 4)
  :: MAKE(3, 5)
  VOTE(0, 3)
  VOTE(1, 3)
  VOTE(2, 3)
#endif
  VOTE(0, 1)
  VOTE(1, 1)
  VOTE(2, 1)
  VOTE(0, 2)
  VOTE(1, 2)
  VOTE(2, 2)
#if CRASHES > 0
  :: d_step { own != dur -> dur = dur | own }
  :: d_step { sent[0] != (sent[0] | SENDABLE) -> sent[0] = sent[0] | SENDABLE; check();
      MUST(DURABLE_FIRST, (sent[0] & dur) == sent[0]) }
#ifdef FORGET_JOURNAL
  :: d_step { crashes < CRASHES && own != 0 -> crashes++; own = 0 }
#else
  :: d_step { crashes < CRASHES && own != dur -> crashes++; own = dur }
#endif
#endif
  od
}
