;; The third way in: a program for WASI 0.1 that knows nothing of capstep. It opens the file named by its first argument,
;; counts the lines and words in it, and prints them as JSON.
;;
;; Memory: 0 a piece to read or write (address, length), 8 how much was, 16 arguments (count, size), 24 a descriptor,
;; 32 argument pointers, 256 argument texts, 1024 output, 4096 the piece of the file.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 128) "{\22lines\22:")
  (data (i32.const 144) ",\22words\22:")
  (data (i32.const 160) "}\0a")

  ;; Ends the program with an error's number, if it is one.
  (func $try (param $error i32)
    (if (local.get $error) (then (call $proc_exit (local.get $error)))))

  (func $print (param $at i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $length))
    (call $try (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))

  ;; Prints a number, written from its last digit backwards.
  (func $print_number (param $number i32)
    (local $at i32)
    (local.set $at (i32.const 1100))
    (loop $digits
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
      (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
      (br_if $digits (local.get $number)))
    (call $print (local.get $at) (i32.sub (i32.const 1100) (local.get $at))))

  ;; Space, or tab to carriage return but for the vertical tab.
  (func $is_space (param $byte i32) (result i32)
    (i32.or
      (i32.eq (local.get $byte) (i32.const 32))
      (i32.and
        (i32.le_u (i32.sub (local.get $byte) (i32.const 9)) (i32.const 4))
        (i32.ne (local.get $byte) (i32.const 11)))))

  (func (export "_start")
    (local $path i32) (local $length i32) (local $at i32) (local $end i32) (local $byte i32)
    (local $lines i32) (local $words i32) (local $in_word i32)
    (call $try (call $args_sizes_get (i32.const 16) (i32.const 20)))
    (if (i32.ne (i32.load (i32.const 16)) (i32.const 2)) (then (call $proc_exit (i32.const 64))))
    (call $try (call $args_get (i32.const 32) (i32.const 256)))
    (local.set $path (i32.load (i32.const 36)))
    (loop $measure
      (if (i32.load8_u (i32.add (local.get $path) (local.get $length)))
        (then
          (local.set $length (i32.add (local.get $length) (i32.const 1)))
          (br $measure))))
    ;; In the one folder it was handed, which is descriptor 3; for reading (the right 1 << 1).
    (call $try
      (call $path_open (i32.const 3) (i32.const 0) (local.get $path) (local.get $length) (i32.const 0)
        (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 24)))
    (loop $pieces
      (i32.store (i32.const 0) (i32.const 4096))
      (i32.store (i32.const 4) (i32.const 64))
      (call $try (call $fd_read (i32.load (i32.const 24)) (i32.const 0) (i32.const 1) (i32.const 8)))
      (if (i32.load (i32.const 8))
        (then
          (local.set $at (i32.const 4096))
          (local.set $end (i32.add (local.get $at) (i32.load (i32.const 8))))
          (loop $bytes
            (local.set $byte (i32.load8_u (local.get $at)))
            (local.set $lines (i32.add (local.get $lines) (i32.eq (local.get $byte) (i32.const 10))))
            (if (call $is_space (local.get $byte))
              (then (local.set $in_word (i32.const 0)))
              (else
                (local.set $words (i32.add (local.get $words) (i32.eqz (local.get $in_word))))
                (local.set $in_word (i32.const 1))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $bytes (i32.lt_u (local.get $at) (local.get $end))))
          (br $pieces))))
    (call $print (i32.const 128) (i32.const 9))
    (call $print_number (local.get $lines))
    (call $print (i32.const 144) (i32.const 9))
    (call $print_number (local.get $words))
    (call $print (i32.const 160) (i32.const 2))))
