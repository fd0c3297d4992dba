-- In the transaction of the deploy script that it follows: that script was run. See the script `psql`.
INSERT INTO :"registry".ran (project, change, hash) VALUES (:'project', :'change', :'hash');
