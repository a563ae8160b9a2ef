UPDATE streams SET checked_at = created_at;
