# CPU seconds and bounds of earsC and farringtonFlexible on a folder's series. Usage: Rscript surveillance.R FOLDER
suppressMessages(library(surveillance))
folder <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name) as.matrix(read.csv(file.path(folder, name), header = FALSE))
cpu <- function(work) { start <- proc.time(); made <- work(); list(seconds = sum((proc.time() - start)[c(1, 2)]), made = made) }

weeks <- read("ears.csv")
line <- sts(observed = weeks, frequency = 52)
for (method in c("C1", "C2", "C3")) {
  done <- cpu(function() earsC(line, list(method = method, alpha = 0.001, baseline = 7)))
  write.table(upperbound(done$made), file.path(folder, paste0("ears_", method, ".csv")), sep = ",", row.names = FALSE,
              col.names = FALSE, na = "nan")
  cat("ears", method, done$seconds, "\n")
}

weeks <- read("farrington.csv")
line <- sts(observed = weeks, frequency = 52)
control <- list(range = nrow(weeks), b = 5, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, pThresholdTrend = 1,
                alpha = 0.01, thresholdMethod = "nbPlugin", weightsThreshold = 2.58, limit54 = c(0, 4),
                glmWarnings = FALSE)
done <- cpu(function() suppressWarnings(farringtonFlexible(line, control)))
write.table(cbind(as.vector(upperbound(done$made)), as.vector(done$made@control$expected)),
            file.path(folder, "farrington_R.csv"), sep = ",", row.names = FALSE, col.names = FALSE, na = "nan")
cat("farrington -", done$seconds, "\n")
cat("version -", as.character(packageVersion("surveillance")), "\n")
