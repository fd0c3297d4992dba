-- Reports that have stages which their source has not acknowledged, in the order in which it fetches
-- them. Only reports that asked for progress have any: intake.h, struct stage_reached.
SET search_path TO :"schema";

CREATE INDEX report_progress ON report (source, id) WHERE course ? 'stages';
