/* The process huying-audit: the kernel's loop around audit's table of functions, and beside it the
 * sequencer, which is turned with the loop. */
#include "services/audit/ops.h"
#include "services/audit/sequence.h"
#include "services/kernel/run/service.h"

static struct sequencer *sequencer;

static enum err audit_start(struct loop *loop, void *conf)
{
    (void)conf;
    sequencer = sequencer_new(loop_conninfo(loop));
    loop_watch(loop, sequencer_pg(sequencer));
    return OK;
}

static void audit_turn(struct loop *loop)
{
    static uint64_t seen;
    uint64_t batches = loop_batches(loop);
    /* In a drill somebody waits for the ledger; elsewhere a run for several batches costs less. */
    if (batches != seen && loop_brisk(loop))
        sequencer_wake(sequencer);
    seen = batches;
    sequencer_turn(sequencer, loop_now_ms(loop), loop_brisk(loop));
}

static void audit_stop(struct loop *loop)
{
    loop_watch(loop, NULL);
    sequencer_destroy(&sequencer);
}

int main(int argc, char **argv)
{
    const struct aggregate_ops ops = audit_ops();
    const struct service service = {
            .ops = &ops, .start = audit_start, .turn = audit_turn, .stop = audit_stop};
    return service_main(argc, argv, &service);
}
