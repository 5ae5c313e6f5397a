-- The data of the zerohop demo. It is loaded into memory at each start, and
-- nothing that happens to it afterwards is kept.
--
-- The passwords stand here as plain text so that you can read along. In a
-- table of your own, store hashes.

create table user (
  id     integer      not null auto_increment primary key,
  user   varchar(64)  not null unique,
  passwd varchar(128) not null
) default charset = utf8mb4;

insert into user (user, passwd) values
  ('alice', 'secret'),
  ('bob',   'swordfish'),
  ('carol', 'open sesame'),
  ('日本',   'さくら');
