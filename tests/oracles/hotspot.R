# Golden numbers for models/hotspot and models/rates from spdep and base R. Usage: Rscript hotspot.R FOLDER
suppressMessages(library(spdep))
into <- commandArgs(trailingOnly = TRUE)[1]
put <- function(table, name) write.csv(table, file.path(into, paste0("hotspot_", name, ".csv")), row.names = FALSE)

# An invented city of 9 rows by 11 columns, queen neighbours, a cluster of cases, uneven populations.
set.seed(7)
n <- 99
nb <- cell2nb(9, 11, type = "queen")
place <- cbind(x = runif(n, 0, 9000), y = runif(n, 0, 11000))
population <- round(exp(rnorm(n, 6, 1)))
risk <- ifelse(seq_len(n) %in% c(40, 41, 42, 49, 50, 51, 58, 59, 60), 0.02, 0.004)
cases <- rpois(n, population * risk)
other <- rpois(n, 1 + cases / 3)
near <- knn2nb(knearneigh(place, k = 5))
links <- do.call(rbind, lapply(seq_len(n), function(i) data.frame(i = i, j = nb[[i]])))
links$weight <- round(runif(nrow(links), 0.2, 3), 6)
weights <- split(links$weight, links$i)
put(data.frame(x = place[, 1], y = place[, 2], cases, other, population), "city")
put(links, "links")
put(do.call(rbind, lapply(seq_len(n), function(i) data.frame(i = i, j = sort(near[[i]])))), "nearest")

W <- nb2listw(nb, style = "W"); B <- nb2listw(nb, style = "B"); K <- nb2listw(near, style = "W")
G <- nb2listw(nb, glist = unname(weights), style = "B")
columns <- function(table, prefix) setNames(as.data.frame(unclass(table))[, 1:4], paste0(prefix, c("i", "e", "var", "z")))
p <- localmoran(cases, W)[, 5]
crude <- cases / population
set.seed(1)
drawn <- localmoran_perm(cases, W, nsim = 9999)
set.seed(1)
gdrawn <- attr(localG_perm(cases, B, nsim = 9999), "internals")
put(data.frame(
  gi = as.numeric(localG(cases, B)), gi_star = as.numeric(localG(cases, nb2listw(include.self(nb), style = "B"))),
  gi_nearest = as.numeric(localG(cases, nb2listw(near, style = "B"))),
  columns(localmoran(cases, W), "w_"), columns(localmoran(cases, W, conditional = FALSE), "total_"),
  columns(localmoran(cases, G), "g_"), columns(localmoran(cases, K), "k_"),
  quadrant = as.character(attr(localmoran(cases, W), "quadr")$pysal),
  p = p, bh = p.adjust(p, "BH"), by = p.adjust(p, "BY"),
  folded = drawn[, "Pr(folded) Sim"], gi_folded = gdrawn[, "Pr(folded) Sim"], geary = as.numeric(localC(cases, W)),
  eb = EBest(cases, population)$estmm, eb_local = EBlocal(cases, population, nb, geoda = TRUE)$est,
  eb_moran = localmoran(crude, W)[, 1]), "scores")

marked <- factor(cases > median(cases), levels = c(FALSE, TRUE))
joins <- joincount.multi(marked, B)
test <- function(t) c(t$estimate[1:3], t$statistic)
rows <- rbind(test(moran.test(cases, W)), test(moran.test(cases, W, randomisation = FALSE)), test(moran.test(cases, K)),
              test(geary.test(cases, W)), test(geary.test(cases, W, randomisation = FALSE)),
              cbind(as.matrix(unclass(joins))[1:3, 1:3], as.matrix(unclass(joins))[1:3, 4]))
put(data.frame(what = c("moran", "moran_normality", "moran_nearest", "geary", "geary_normality", "join_none", "join_both", "join_one"),
               value = as.numeric(rows[, 1]), expected = rows[, 2], variance = rows[, 3], z = rows[, 4],
               eb_moran = as.numeric(EBImoran.mc(cases, population, W, nsim = 9)$statistic)), "global")

pairs <- data.frame(a = c(12, 0, 31, 5, 240, 1, 7, 0), b = c(30, 4, 30, 0, 190, 1, 90, 0), t = c(1, 1, 2, 1, 28, 7, 1, 1),
                    u = c(1, 1, 1, 3, 30, 365, 12, 2))
put(cbind(pairs, t(apply(pairs, 1, function(v) {
  both <- poisson.test(c(v[1], v[2]), c(v[3], v[4]))
  c(low = both$conf.int[1], high = both$conf.int[2],
    upper = poisson.test(c(v[1], v[2]), c(v[3], v[4]), alternative = "greater")$p.value,
    lower = poisson.test(c(v[1], v[2]), c(v[3], v[4]), alternative = "less")$p.value)
}))), "pairs")
