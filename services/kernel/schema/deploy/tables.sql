-- The kernel's tables, from the one file that documents them.
SET search_path TO :"schema";
\ir ../kernel.sql
