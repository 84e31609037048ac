-- 00_moments: arithmetic that the steps need, written out because engines differ.
-- sum_of        sum of a list of doubles, missing ones left out: added in order of size, and what
--               each addition lost (Knuth) added at the end, for DuckDB's own sums change their
--               last bit with the order of the rows
-- skewness_of   adjusted Fisher-Pearson G1 of a list of doubles, as in spreadsheets (n >= 3)
-- kurtosis_of   excess kurtosis G2 of a list of doubles, as in spreadsheets (n >= 4)
-- clipped       the list with every value brought between two limits
-- shifted_log   logarithm of a value whose column runs from lowest to highest; rises with the value
create or replace macro in_order(xs) as
list_sort(list_filter(xs, lambda x: x is not null));

create or replace macro lost_in(a, b) as
(a - ((a + b) - ((a + b) - a))) + (b - ((a + b) - a));

create or replace macro lost_in_all(xs) as
list_sum(
    list_transform(range(2, len(xs) + 1), lambda i: lost_in(list_sum(xs[1:i - 1]), xs[i]))
);

create or replace macro sum_of(xs) as
coalesce(list_sum(in_order(xs))::double, 0e0) + coalesce(lost_in_all(in_order(xs)), 0e0);

create or replace macro central_moment(xs, k) as
list_sum(list_transform(xs, lambda x: power(x - list_sum(xs) / len(xs), k))) / len(xs);

create or replace macro skewness_of(xs) as
case
    when len(xs) >= 3 and central_moment(xs, 2) > 0
        then
            sqrt(len(xs) * (len(xs) - 1e0)) / (len(xs) - 2e0)
            * central_moment(xs, 3) / power(central_moment(xs, 2), 1.5e0)
    else 0e0
end;

create or replace macro kurtosis_of(xs) as
case
    when len(xs) >= 4 and central_moment(xs, 2) > 0
        then
            (len(xs) - 1e0) / ((len(xs) - 2e0) * (len(xs) - 3e0))
            * (
                (len(xs) + 1e0) * (central_moment(xs, 4) / power(central_moment(xs, 2), 2) - 3e0)
                + 6e0
            )
    else 0e0
end;

create or replace macro clipped(xs, lowest, highest) as
list_transform(xs, lambda x: greatest(lowest, least(highest, x)));

create or replace macro shifted_log(x, lowest, highest, shift, is_right) as
case when is_right then ln(x - lowest + shift) else -ln(highest - x + shift) end;
