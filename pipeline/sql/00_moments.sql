-- 00_moments: arithmetic that the steps need, written out because engines differ.
-- sum_of        sum of a list of doubles, missing ones left out: added in order of size, and what
--               each addition lost (Knuth) added at the end, for DuckDB's own sums change their
--               last bit with the order of the rows
-- skewness_of   adjusted Fisher-Pearson G1 of a list of doubles, as in spreadsheets (n >= 3)
-- kurtosis_of   excess kurtosis G2 of a list of doubles, as in spreadsheets (n >= 4)
-- clipped       the list with every value brought between two limits
-- shifted_log   logarithm of a value whose column runs from lowest to highest; rises with the value
-- The means of a node take its children that have a score: a list of {node, score, weight}.
-- generalised_of  (sum of w x^p)^(1/p), w adding to 1: p = 0 is the geometric mean, -1 the harmonic;
--                 measured from the top child, so that no power overflows or loses digits
-- median_of       the score with half of the weight on either side, exactly between two the midpoint
-- mpi_of          Mazziotta-Pareto: the mean and penalty (-1 or 1) times variance over mean
-- copeland_of     share of comparisons with the peers (itself among them) won, a tie counting
--                 half, from lowest to highest; scores equal to ten decimals favour no one
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

-- The mean is bound once: inside the inner lambda it would be summed anew for every value.
create or replace macro central_moment(xs, k) as
list_transform(
    [list_sum(xs) / len(xs)],
    lambda mean: list_sum(list_transform(xs, lambda x: power(x - mean, k))) / len(xs)
)[1];

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

create or replace macro weight_of(children) as
sum_of(list_transform(children, lambda c: c.weight));

-- A mean lies between its lowest and highest child, rounding or not.
create or replace macro within(children, mean) as
greatest(
    list_min(list_transform(children, lambda c: c.score)),
    least(list_max(list_transform(children, lambda c: c.score)), mean)
);

create or replace macro mean_of(children) as
within(
    children,
    sum_of(list_transform(children, lambda c: c.weight * c.score)) / weight_of(children)
);

create or replace macro geometric_of(children) as
exp(sum_of(list_transform(children, lambda c: c.weight * ln(c.score))) / weight_of(children));

-- exp(y) - 1 without loss of digits near 0, for y up to 0.
create or replace macro expm1_of(y) as
2e0 * exp(greatest(y, -700e0) / 2e0) * sinh(greatest(y, -700e0) / 2e0);

create or replace macro excess_over(children, p, top) as
sum_of(
    list_transform(
        children,
        lambda c: c.weight
        * case when c.score = 0 then -1e0 else expm1_of(p * ln(c.score / top)) end
    )
) / weight_of(children);

-- ln(1 + excess) is 2 atanh(excess / (2 + excess)).
create or replace macro power_mean_of(children, p, top) as
list_transform(
    [greatest(excess_over(children, p, top), -1e0 + 1e-15)],
    lambda excess: top * exp(2e0 * atanh(excess / (2e0 + excess)) / p)
)[1];

create or replace macro top_of(children, p) as
case
    when p > 0 then list_max(list_transform(children, lambda c: c.score))
    else list_min(list_transform(children, lambda c: c.score))
end;

create or replace macro generalised_of(children, p) as
case
    when p = 0 then within(children, geometric_of(children))
    when top_of(children, p) = 0 then 0e0
    else within(children, power_mean_of(children, p, top_of(children, p)))
end;

create or replace macro weight_up_to(children, score) as
weight_of(list_filter(children, lambda other: other.score <= score));

create or replace macro median_of(children) as
list_min(
    list_transform(
        list_filter(
            children,
            lambda c: weight_up_to(children, c.score) >= (0.5e0 - 1e-12) * weight_of(children)
        ),
        lambda c: c.score
    )
) / 2e0
+ list_min(
    list_transform(
        list_filter(
            children,
            lambda c: weight_up_to(children, c.score) > (0.5e0 + 1e-12) * weight_of(children)
        ),
        lambda c: c.score
    )
) / 2e0;

create or replace macro mpi_of(children, penalty) as
list_transform(
    [mean_of(children)],
    lambda mean: mean + penalty
    * sum_of(list_transform(children, lambda c: c.weight * power(c.score - mean, 2)))
    / weight_of(children) / case when mean > 0 then mean else 1e0 end
)[1];

-- Weight on which a unit is ahead, less that on which it is behind; null if no child is shared.
create or replace macro margin_over(children, others) as
list_sum(
    list_transform(
        children,
        lambda c: c.weight * sign(
            round(c.score, 10)
            - round(list_filter(others, lambda other: other.node = c.node)[1].score, 10)
        )
    )
);

create or replace macro outcomes_of(children, peers) as
list_filter(
    list_transform(
        list_transform(peers, lambda others: margin_over(children, others)),
        lambda margin: case
            when abs(margin) > 1e-12 * weight_of(children) then sign(margin) else margin * 0
        end
    ),
    lambda outcome: outcome is not null
);

create or replace macro copeland_of(children, peers, lowest, highest) as
list_transform(
    [outcomes_of(children, peers)],
    lambda outcomes: lowest + (highest - lowest)
    * (1e0 + list_sum(outcomes) / nullif(len(outcomes) - 1e0, 0e0)) / 2e0
)[1];
